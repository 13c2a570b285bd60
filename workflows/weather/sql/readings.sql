-- T1: each reading once, whichever source it came by.
SELECT DISTINCT city AS location, "timestamp" AS date_time, temp AS temperature, temp_max AS max_temperature, temp_min AS min_temperature
FROM (
    SELECT * FROM lake('weather/by_city')
    UNION ALL BY NAME
    SELECT * FROM lake('weather/by_location')
)
