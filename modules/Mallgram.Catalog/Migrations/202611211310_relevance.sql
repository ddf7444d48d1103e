-- Products in the order of relevance, with the words of their names in the index itself: a search of common words reads nothing else until
-- its page is full.
-- Locks: catalog.products is rewritten (ACCESS EXCLUSIVE): minutes for a million products; run while no import runs.
-- Undo: drop what is created here.

-- An index entry holds at most some 2 700 bytes, which the words of names this long stay below whatever they are. Null for longer ones:
-- catalog.products.title has the words of all.
alter table catalog.products
    add column words tsvector generated always as (
        case when octet_length(name) + octet_length(coalesce(name_fr, '')) + octet_length(coalesce(brand, '')) <= 500
            then to_tsvector('catalog.en', name) || to_tsvector('catalog.fr', coalesce(name_fr, '')) || to_tsvector('catalog.en', coalesce(brand, ''))
        end) stored;

-- The sort values of catalog.listings; rating is there for the scan to need nothing but the index.
create index products_relevance on catalog.products (store_id, (coalesce(rating * 100, 0)::int), review_count, id) include (rating, words)
    where status = 'active';

drop trigger audit on catalog.products;
call kernel.audit('catalog.products', 'id', '', 'title,search,words,search_key,name_key,name_key_fr,content_hash');
