-- One row each; a movie without any keeps one, with code XX.
WITH entries AS (
    SELECT id AS movie_id, unnest(from_json_strict(production_countries, '[{"iso_3166_1": "VARCHAR", "name": "VARCHAR"}]')) AS entry
    FROM movies_to_bronze
),
all_movies AS (
    SELECT DISTINCT id AS movie_id FROM movies_to_bronze
)
SELECT DISTINCT ON (movie_id, iso_3166_1)
    m.movie_id,
    coalesce(e.entry.iso_3166_1, 'XX') AS iso_3166_1,
    e.entry.name AS name
FROM all_movies AS m
LEFT JOIN entries AS e ON e.movie_id = m.movie_id
ORDER BY movie_id, iso_3166_1, name
