-- One row per year and area: 吻合度, the overlap of the two structures (1 less half the sum of the differences: 1 is the same, 0 nothing in common),
-- and the industry whose share of pupils falls short most: closing that gap would raise the index by `short_gain`.
select year, area_id, sum(least(pupil_share, employment_share)) as overlap,
       max_by(industry, employment_share - pupil_share) as short_industry, max(employment_share - pupil_share) as short_gain,
       max_by(industry, pupil_share - employment_share) as over_industry, max(pupil_share - employment_share) as surplus
from industry_match
group by year, area_id
order by year, area_id
