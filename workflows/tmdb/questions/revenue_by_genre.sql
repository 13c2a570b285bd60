-- Average revenue by genre; films whose revenue is not known (0) do not count.
SELECT g.name AS genre, count(*) AS films, avg(m.revenue) AS average_revenue
FROM genres AS g
JOIN movies AS m USING (movie_id)
WHERE m.revenue > 0 AND g.name IS NOT NULL
GROUP BY g.name
ORDER BY average_revenue DESC, genre
