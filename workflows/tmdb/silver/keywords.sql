-- One row each; a movie without any keeps one, with id -9999.
WITH entries AS (
    SELECT id AS movie_id, unnest(from_json_strict(keywords, '[{"id": "BIGINT", "name": "VARCHAR"}]')) AS entry
    FROM movies_to_bronze
),
all_movies AS (
    SELECT DISTINCT id AS movie_id FROM movies_to_bronze
)
SELECT DISTINCT ON (movie_id, id)
    m.movie_id,
    coalesce(e.entry.id, -9999) AS id,
    e.entry.name AS name
FROM all_movies AS m
LEFT JOIN entries AS e ON e.movie_id = m.movie_id
ORDER BY movie_id, id, name
