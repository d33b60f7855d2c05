-- One row per tenth of forecast probability: how many forecasts, their mean, and the share that came true.
select least(floor(probability * 10), 9)::integer as tenth, count(*) as forecasts, avg(probability) as mean_forecast, avg(is_below) as came_true
from forecast
where is_below is not null
group by tenth
order by tenth
