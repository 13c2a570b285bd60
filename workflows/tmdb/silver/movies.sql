SELECT DISTINCT ON (movie_id)
    id AS movie_id,
    title,
    CAST(budget AS DOUBLE) AS budget,
    homepage,
    original_language,
    original_title,
    overview,
    popularity,
    CAST(release_date AS DATE) AS release_date,
    CAST(revenue AS DOUBLE) AS revenue,
    CAST(runtime AS INTEGER) AS runtime,
    status,
    tagline,
    vote_average,
    CAST(vote_count AS INTEGER) AS vote_count
FROM movies_to_bronze
ORDER BY movie_id, popularity DESC
