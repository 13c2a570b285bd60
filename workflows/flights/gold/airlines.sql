SELECT DISTINCT nullif(Code, '') AS Code, nullif(ICAO, '') AS ICAO, Name
FROM raw_airlines
ORDER BY ICAO, Name
