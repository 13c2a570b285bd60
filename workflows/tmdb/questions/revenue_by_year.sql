-- Average revenue by year of release; films whose revenue is not known (0) do not count.
SELECT CAST(year(release_date) AS INTEGER) AS release_year, count(*) AS films, avg(revenue) AS average_revenue
FROM movies
WHERE revenue > 0 AND release_date IS NOT NULL
GROUP BY release_year
ORDER BY release_year
