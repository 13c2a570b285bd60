SELECT data_set, rows
FROM (
    SELECT 'airlines' AS data_set, count(*) AS rows FROM raw_airlines
    UNION ALL
    SELECT 'airports' AS data_set, count(*) AS rows FROM raw_airports
    UNION ALL
    SELECT 'flights' AS data_set, count(*) AS rows FROM raw_flights
    UNION ALL
    SELECT 'flights_details' AS data_set, count(*) AS rows FROM raw_flights_details
    UNION ALL
    SELECT 'zones' AS data_set, count(*) AS rows FROM raw_zones
)
WHERE rows = 0
