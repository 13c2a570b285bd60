-- The films in which the most languages are spoken.
SELECT m.movie_id, m.title, count(DISTINCT l.iso_639_1) AS languages
FROM movies AS m
JOIN spoken_languages AS l USING (movie_id)
WHERE l.iso_639_1 <> 'XX'
GROUP BY m.movie_id, m.title
ORDER BY languages DESC, m.title
LIMIT 10
