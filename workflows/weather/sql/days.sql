-- T3: per day the average and the lowest temperature, and where it was lowest and highest.
SELECT
    CAST(date_time AS DATE) AS date,
    avg(temperature) AS average_temperature,
    min(temperature) AS min_temperature,
    arg_min(location, (temperature, location)) AS min_location,
    arg_max(location, (temperature, location)) AS max_location
FROM readings
GROUP BY date
ORDER BY date
