CREATE TABLE sample (text text);
