-- An aircraft is in the air once at a time, but two without a registration are two flights: whole rows tell them apart.
SELECT DISTINCT
    value,
    nullif(aircraft, '') AS "Aircraft type",
    nullif(registration, '') AS Immatriculation,
    CAST(altitude AS INTEGER) AS Altitude,
    CAST(speed AS INTEGER) AS "Ground Speed",
    CAST(heading AS INTEGER) AS Heading
FROM raw_flights
ORDER BY Immatriculation, value
