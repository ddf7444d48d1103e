-- Pricing: several rates of a pair a day, repricing that goes on where it stopped, pages that notice a new price.
-- Locks: catalog.exchange_rates is altered, catalog.prices gets a small index; run while no import runs.
-- Undo: drop table catalog.repricings; drop function catalog.show_new_prices; drop index catalog.prices_set_by_person;
-- drop index catalog.exchange_rates_newest; alter table catalog.exchange_rates drop column fetched_at, add unique (base, quote, as_of, source).

-- A provider may be asked again on the same day: the row fetched last is the day's rate, the earlier ones stay because prices name them.
alter table catalog.exchange_rates
    add column fetched_at timestamptz,
    drop constraint exchange_rates_base_quote_as_of_source_key;
update catalog.exchange_rates set fetched_at = as_of::timestamp at time zone 'utc';
alter table catalog.exchange_rates alter column fetched_at set default now(), alter column fetched_at set not null;
create unique index exchange_rates_newest on catalog.exchange_rates (base, quote, as_of, fetched_at, source);

-- Whose prices are to be made again: one row a store. Wanted counts the changes that asked for it, done is up to which of them all prices are.
create table catalog.repricings (
    store_id      uuid        primary key,
    wanted        bigint      not null default 0,
    done          bigint      not null default 0,
    cause         text        not null default 'rule' check (cause in ('rate', 'rule')),
    actor         text,                              -- public id of the person who changed something; null: nobody did
    working_on    bigint,                            -- value of wanted when the pass under way began; null: none is
    after_product uuid,                              -- how far it is: ids up to here are done
    seen          int         not null default 0,    -- products, in the pass under way or the last one
    changed       int         not null default 0,    -- of them, with another price
    unpriced      jsonb       not null default '{}', -- variants that kept their old prices, by reason
    started_at    timestamptz,
    finished_at   timestamptz,                       -- of the last whole pass
    updated_at    timestamptz not null default now()
);
call kernel.wall_off('catalog.repricings');
call kernel.keep_updated_at('catalog.repricings');

create index prices_set_by_person on catalog.prices (store_id, variant_id) where set_by_person;

-- After prices changed: makes the listings right, and touches those that look the same though a page of the product does not (a dearer
-- variant's price, a greater quantity's), so that its version moves on. Returns how many products it was about.
create function catalog.show_new_prices(p_variants uuid[]) returns int language plpgsql as $$
declare
    v_products uuid[] := array(
        select distinct v.product_id from catalog.variants v where v.store_id = kernel.current_store() and v.id = any(p_variants) order by 1);
begin
    if cardinality(v_products) > 0 then
        perform catalog.refresh_listings(v_products);
        update catalog.listings set updated_at = now()
        where store_id = kernel.current_store() and product_id = any(v_products) and updated_at <> now();
    end if;
    return cardinality(v_products);
end $$;
