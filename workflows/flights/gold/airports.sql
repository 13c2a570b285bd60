SELECT DISTINCT
    value,
    code AS Code,
    name AS Name,
    CAST(altitude AS INTEGER) AS Altitude,
    CAST(latitude AS DOUBLE) AS Latitude,
    CAST(longitude AS DOUBLE) AS Longitude
FROM raw_airports
ORDER BY Code, value
