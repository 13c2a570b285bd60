-- The top-grossing films of an actor.
SELECT DISTINCT m.movie_id, m.title, m.release_date, m.revenue
FROM movies AS m
JOIN "cast" AS c USING (movie_id)
WHERE c.name = $actor
ORDER BY m.revenue DESC, m.title
LIMIT 10
