-- The shop's schema, with something in it to look at. Running it again changes nothing.
SET client_min_messages = warning;

CREATE TABLE IF NOT EXISTS items (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    price bigint NOT NULL CHECK (price BETWEEN 0 AND 1000000000) -- in cents
);

INSERT INTO items (name, price)
SELECT name, price
FROM (VALUES ('Espresso machine', 24900), ('Grinder', 8900), ('Kettle', 4500)) AS first (name, price)
WHERE NOT EXISTS (SELECT FROM items);
