-- T2: per location and month the reading with the highest temperature; the earliest of equal ones.
SELECT location, CAST(date_time AS DATE) AS date, temperature
FROM readings
QUALIFY row_number() OVER (PARTITION BY location, date_trunc('month', date_time) ORDER BY temperature DESC, date_time) = 1
ORDER BY location, date
