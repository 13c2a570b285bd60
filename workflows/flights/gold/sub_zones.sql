-- Every zone within another one, however deep.
WITH RECURSIVE zones AS (
    SELECT CAST(NULL AS VARCHAR) AS parent, key AS zone, CAST(document AS JSON) -> key AS body
    FROM raw_zones, unnest(json_keys(CAST(document AS JSON))) AS k(key)
    UNION ALL
    SELECT zone AS parent, key AS zone, body -> 'subzones' -> key AS body
    FROM zones, unnest(json_keys(body, '$.subzones')) AS k(key)
)
SELECT
    parent AS "Parent Zone",
    zone AS "Subzone",
    CAST(body ->> 'br_x' AS DOUBLE) AS br_x,
    CAST(body ->> 'br_y' AS DOUBLE) AS br_y,
    CAST(body ->> 'tl_x' AS DOUBLE) AS tl_x,
    CAST(body ->> 'tl_y' AS DOUBLE) AS tl_y
FROM zones
WHERE parent IS NOT NULL
ORDER BY parent, zone
