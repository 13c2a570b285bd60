-- Ids sort by their bytes, as in the lake, whatever the database's language is. No primary key: the rows come from one GROUP BY, and PostgreSQL
-- cannot hold U+0000, which an id in the lake may have and which becomes U+FFFD here.
CREATE TABLE public.repeat_purchases (
    user_id    text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    orders     bigint           NOT NULL,
    units      bigint           NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000);

CREATE INDEX repeat_purchases_user ON public.repeat_purchases (user_id, product_id);

COMMENT ON TABLE public.repeat_purchases IS
    'Who bought the same product in more than one order. Replaced as a whole, in one transaction, about every minute; analytics.repeat_purchases_refresh says when.';
COMMENT ON COLUMN public.repeat_purchases.orders IS 'Orders of this customer that hold the product, at least 2';
COMMENT ON COLUMN public.repeat_purchases.units IS 'Pieces of the product in these orders';

CREATE SCHEMA IF NOT EXISTS analytics;

-- One row: what public.repeat_purchases was computed from.
CREATE TABLE analytics.repeat_purchases_refresh (
    only_row     boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    lake_table   text        NOT NULL,
    lake_version bigint      NOT NULL,
    refreshed_at timestamptz NOT NULL,
    row_count    bigint      NOT NULL
);

COMMENT ON TABLE analytics.repeat_purchases_refresh IS 'Which version of which Delta table public.repeat_purchases holds, and since when; version -1 where there was no table yet';
