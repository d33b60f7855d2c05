"""What models read that nobody hands in, as tables: the policy, the indicators of the dictionary, and the reference tables of the product."""

from importlib.resources import files

import duckdb

from warehouse.dictionary import dictionary
from warehouse.policy import STANDARD_TITLES, Policy


def load_builtin(con: duckdb.DuckDBPyConnection) -> None:
    """The reference tables that ship with the product, as temporary tables builtin_…"""
    for table in ("catalogue", "course", "occupation", "group_industry"):
        path = str(files("warehouse.reference") / f"{table}.csv")
        con.execute(f"create temp table builtin_{table} as select * from read_csv('{path}', all_varchar = true, header = true)")


def load_policy(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """The policy as tables: policy, policy_level (normal included), policy_rule, policy_condition, policy_step, policy_exempt, policy_escalation."""
    heading = policy.policy
    note = heading.note or heading.title
    load_table(
        con,
        "table policy",
        "policy_id varchar, title_zh varchar, title_en varchar, basis varchar, area varchar, note_zh varchar, note_en varchar, "
        "spare_only_provider boolean, class_size integer, years_of_study integer",
        [
            (
                heading.id,
                heading.title.zh,
                heading.title.en,
                heading.basis,
                heading.area,
                note.zh,
                note.en,
                heading.spare_only_provider,
                heading.class_size,
                heading.years_of_study,
            )
        ],
    )
    for section in ("similarity", "keep", "lists", "screening", "exit", "district_evaluation"):
        numbers = policy.model_dump()[section]
        load_table(
            con,
            f"table policy_{section}",
            ", ".join(f"{name} {'integer' if isinstance(number, int) else 'double'}" for name, number in numbers.items()),
            [tuple(number if number is None or isinstance(number, int) else float(number) for number in numbers.values())],
        )
    load_table(
        con,
        "table policy_school_rule",
        "rule_id varchar, title_zh varchar, title_en varchar, source_zh varchar, source_en varchar, indicator varchar, comparison varchar, threshold double",
        [
            (
                rule.id,
                rule.title.zh,
                rule.title.en,
                rule.source and rule.source.zh,
                rule.source and rule.source.en,
                rule.indicator,
                "below" if rule.below is not None else "above",
                float(rule.below if rule.below is not None else rule.above or 0),
            )
            for rule in policy.school_rule
        ],
    )
    load_table(
        con,
        "table policy_level",
        "level varchar, level_rank integer, action varchar, cut decimal(12, 9), plan_rule varchar, title_zh varchar, title_en varchar",
        [
            ("normal", 0, "none", None, "cut", *STANDARD_TITLES["normal"]),
            *(
                (level.id, rank, level.action, level.cut, level.plan, level.shown_title.zh, level.shown_title.en)
                for rank, level in enumerate(policy.level, 1)
            ),
        ],
    )
    load_table(
        con,
        "table policy_rule",
        "rule_id varchar, rule_order integer, title_zh varchar, title_en varchar, min_denominator bigint, max_gap integer, grace_years integer, "
        "source_zh varchar, source_en varchar",
        [
            (
                rule.id,
                order,
                rule.shown_title.zh,
                rule.shown_title.en,
                rule.min_denominator,
                rule.max_gap,
                rule.grace_years,
                rule.source and rule.source.zh,
                rule.source and rule.source.en,
            )
            for order, rule in enumerate(policy.rule)
        ],
    )
    load_table(
        con,
        "table policy_condition",
        "rule_id varchar, condition_order integer, indicator varchar, comparison varchar, threshold double, certainty double",
        [
            (
                rule.id,
                order,
                condition.indicator,
                condition.comparison,
                condition.threshold,
                condition.certainty and float(condition.certainty),
            )
            for rule in policy.rule
            for order, condition in enumerate(rule.conditions)
        ],
    )
    load_table(
        con,
        "table policy_step",
        "rule_id varchar, step_order integer, kind varchar, years integer, span integer, level varchar, level_rank integer, certainty double",
        [
            (
                rule.id,
                order,
                step.kind,
                step.years or step.breaches or step.least,
                step.within or step.window,
                step.level,
                policy.rank(step.level),
                step.certainty and float(step.certainty),
            )
            for rule in policy.rule
            for order, step in enumerate(rule.steps)
        ],
    )
    load_table(
        con,
        "table policy_exempt",
        "rule_id varchar, prefix varchar",
        [(rule.id, prefix) for rule in policy.rule for prefix in rule.exempt],
    )
    load_table(
        con,
        "table policy_escalation",
        "escalation_id varchar, rule_id varchar, level varchar, level_rank integer, target_level varchar, target_rank integer",
        [
            (f"escalation-{order}", rule_id, level, policy.rank(level), escalation.level, policy.rank(escalation.level))
            for order, escalation in enumerate(policy.escalation, 1)
            for rule_id, level in escalation.when.items()
        ],
    )


def load_dictionary(con: duckdb.DuckDBPyConnection) -> None:
    """The indicators of the data dictionary: dictionary_indicator."""
    load_table(
        con,
        "table dictionary_indicator",
        "indicator varchar, label_zh varchar, label_en varchar, unit varchar, is_proportion boolean, definition_zh varchar, "
        "definition_en varchar, reading_zh varchar, reading_en varchar, limits_zh varchar, limits_en varchar, source varchar",
        [
            (
                entry.name,
                entry.label.zh,
                entry.label.en,
                entry.unit,
                entry.is_proportion,
                entry.definition.zh,
                entry.definition.en,
                entry.reading.zh,
                entry.reading.en,
                entry.limits.zh,
                entry.limits.en,
                entry.source,
            )
            for entry in dictionary().indicators.values()
        ],
    )


def load_table(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple]) -> None:
    """Creates `table` ("table NAME" or "temp table NAME") with these typed columns and puts the rows in."""
    con.execute(f"create {table} ({columns})")
    if rows:
        con.execute(
            f"insert into {table.removeprefix('temp ').removeprefix('table ')} select {', '.join(['unnest(?)'] * len(rows[0]))}",
            [list(column) for column in zip(*rows, strict=True)],
        )
