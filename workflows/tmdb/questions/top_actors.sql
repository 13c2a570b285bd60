-- The ten actors with the most distinct films; people of one name are told apart by their id.
SELECT id, any_value(name ORDER BY name) AS name, count(DISTINCT movie_id) AS films
FROM "cast"
WHERE id <> -9999
GROUP BY id
ORDER BY films DESC, name, id
LIMIT 10
