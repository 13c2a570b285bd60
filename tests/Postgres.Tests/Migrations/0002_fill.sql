INSERT INTO sample VALUES ('from the migration');
