-- One row a part; a movie without cast keeps one, with credit_id 0000000000 and id -9999.
WITH parts AS (
    SELECT movie_id, title, unnest(from_json_strict("cast",
        '[{"cast_id": "INTEGER", "character": "VARCHAR", "credit_id": "VARCHAR", "gender": "INTEGER", "id": "BIGINT", "name": "VARCHAR"}]')) AS part
    FROM credits_to_bronze
),
all_movies AS (
    SELECT DISTINCT movie_id, title FROM credits_to_bronze
)
SELECT DISTINCT ON (movie_id, credit_id, id)
    m.movie_id,
    m.title,
    p.part.cast_id AS cast_id,
    p.part."character" AS "character",
    coalesce(p.part.credit_id, '0000000000') AS credit_id,
    p.part.gender AS gender,
    coalesce(p.part.id, -9999) AS id,
    p.part.name AS name
FROM all_movies AS m
LEFT JOIN parts AS p ON p.movie_id = m.movie_id
ORDER BY movie_id, credit_id, id, cast_id
