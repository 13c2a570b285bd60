-- N/A, nothing, and no third part at all mean the same: not known.
SELECT
    value,
    nullif(nullif(origin, ''), 'N/A') AS Origin,
    nullif(nullif(destination, ''), 'N/A') AS Destination,
    nullif(nullif(airline, ''), 'N/A') AS "Airline Code"
FROM raw_flights_details
ORDER BY value
