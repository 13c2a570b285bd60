-- One row a job; a movie without crew keeps one, with credit_id 0000000000 and id -9999.
WITH jobs AS (
    SELECT movie_id, title, unnest(from_json_strict(crew,
        '[{"credit_id": "VARCHAR", "department": "VARCHAR", "gender": "INTEGER", "id": "BIGINT", "job": "VARCHAR", "name": "VARCHAR"}]')) AS job
    FROM credits_to_bronze
),
all_movies AS (
    SELECT DISTINCT movie_id, title FROM credits_to_bronze
)
SELECT DISTINCT ON (movie_id, credit_id, id)
    m.movie_id,
    m.title,
    coalesce(j.job.credit_id, '0000000000') AS credit_id,
    j.job.department AS department,
    j.job.gender AS gender,
    coalesce(j.job.id, -9999) AS id,
    j.job.job AS job,
    j.job.name AS name
FROM all_movies AS m
LEFT JOIN jobs AS j ON j.movie_id = m.movie_id
ORDER BY movie_id, credit_id, id, job
