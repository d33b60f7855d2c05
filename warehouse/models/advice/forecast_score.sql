-- One row per way of forecasting: how many forecasts could be compared with what happened, and their Brier score (Brier 1950; smaller is better).
with told as (
    unpivot (select year, school_id, major_code, is_below, probability, last_value, area_mean from forecast where is_below is not null)
    on probability, last_value, area_mean into name method value stated
)
select method, count(*) as forecasts, avg((stated - is_below) ** 2) as brier
from told
group by method
order by method
