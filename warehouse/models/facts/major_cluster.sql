-- One row per major offered: the cluster of majors that the policy counts as the same, named by its smallest code.
-- Without a score in the policy every major is its own cluster. A cluster never splits one code.
with recursive linked as (
    select major_code, other_code from major_pair join policy_similarity on similarity >= score
    union
    select other_code, major_code from major_pair join policy_similarity on similarity >= score
),
reached as (
    select major_code, major_code as reached from major_offered
    union
    select reached.major_code, linked.other_code
    from reached
    join linked on linked.major_code = reached.reached
)
select major_code, min(reached) as cluster_code, count(*) as majors
from reached
group by major_code
order by major_code
