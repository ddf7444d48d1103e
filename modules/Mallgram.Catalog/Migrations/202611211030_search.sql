-- Search: words of titles and of whole products in one index that begins with the store, synonyms, the words a store knows, what was searched.
-- Locks: catalog.products is rewritten (ACCESS EXCLUSIVE): minutes for a million products; run while no import runs.
-- Undo: drop what is created here; take the column search, its indexes and catalog.find_products from 202611210910_catalog.sql again.

-- So that one GIN index can begin with store_id: what a search costs does not grow with other stores' products.
create extension if not exists btree_gin;
create extension if not exists fuzzystrmatch;

drop function catalog.find_products(text, text);
drop index catalog.products_search_key;

-- Attributes as words of the index: material=cotton, and material= for having any. The parser never makes words with '=', so they meet no
-- word of a text.
create function catalog.attribute_words(attributes jsonb) returns tsvector language sql immutable parallel safe as $$
    select array_to_tsvector(array(
        select w from jsonb_each_text(attributes) a cross join lateral unnest(array[a.key || '=', left(a.key || '=' || a.value, 300)]) w
        where a.value <> ''))
$$;

alter table catalog.products
    drop column search,
    add column title tsvector generated always as (
        to_tsvector('catalog.en', name) || to_tsvector('catalog.fr', coalesce(name_fr, ''))
        || to_tsvector('catalog.en', coalesce(brand, '')) || catalog.attribute_words(attributes)) stored,
    add column search tsvector generated always as (
        to_tsvector('catalog.en', name) || to_tsvector('catalog.fr', coalesce(name_fr, ''))
        || to_tsvector('catalog.en', coalesce(brand, '')) || catalog.attribute_words(attributes)
        || to_tsvector('catalog.en', coalesce(description, '')) || to_tsvector('catalog.fr', coalesce(description_fr, ''))) stored;
create index products_search on catalog.products using gin (store_id, title, search) where status = 'active';
create index products_search_key on catalog.products using gin (store_id, search_key gin_trgm_ops);

-- Words that mean the same in a store: pagne, wax.
create table catalog.search_synonyms (
    store_id   uuid        not null,
    id         uuid        not null,
    terms      text[]      not null check (cardinality(terms) between 2 and 20),   -- folded; one may have several words
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (store_id, id)
);
call kernel.wall_off('catalog.search_synonyms');
call kernel.keep_updated_at('catalog.search_synonyms');

-- Words of the titles and brands of a store, folded: typing errors are put right with them, beginnings are completed. Words are only
-- added; one that no product has any more finds nothing.
create table catalog.search_words (
    store_id uuid not null,
    word     text collate "C" not null,
    primary key (store_id, word)
);
call kernel.wall_off('catalog.search_words');

create function catalog.words_of(p_search_key text, p_brand_slug text) returns setof text language sql immutable parallel safe as $$
    select w from string_to_table(translate(p_search_key, '.,;:!?/\-_()[]{}+*&|"''’%#@=<>', '                              ')
        || ' ' || replace(coalesce(p_brand_slug, ''), '-', ' '), ' ') w
    where length(w) between 3 and 30 and w ~ '[[:alpha:]]'
$$;

-- In order, so that two writers of one store wait for each other rather than in a circle.
create function catalog.collect_words() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into catalog.search_words (store_id, word)
        select distinct n.store_id, w from new_rows n cross join lateral catalog.words_of(n.search_key, n.brand_slug) w order by 1, 2
        on conflict do nothing;
    else
        insert into catalog.search_words (store_id, word)
        select distinct n.store_id, w
        from new_rows n join old_rows o on o.store_id = n.store_id and o.id = n.id
            and (o.search_key, o.brand_slug) is distinct from (n.search_key, n.brand_slug)
        cross join lateral catalog.words_of(n.search_key, n.brand_slug) w order by 1, 2
        on conflict do nothing;
    end if;
    return null;
end $$;
create trigger collect_new_words after insert on catalog.products
    referencing new table as new_rows for each statement execute function catalog.collect_words();
create trigger collect_changed_words after update on catalog.products
    referencing old table as old_rows new table as new_rows for each statement execute function catalog.collect_words();
insert into catalog.search_words (store_id, word)
select distinct p.store_id, w from catalog.products p cross join lateral catalog.words_of(p.search_key, p.brand_slug) w;

-- What people searched, folded, by day; no row says who. Written in batches, off the request's path.
create table catalog.search_log (
    store_id uuid not null,
    day      date not null,                          -- UTC
    query    text collate "C" not null check (length(query) between 1 and 60),
    searches int  not null check (searches > 0),
    results  int  not null check (results >= 0),     -- of the last time; as many as were looked for, not more than 25 001
    primary key (store_id, day, query)
);
create index search_log_query on catalog.search_log (store_id, query, day);
call kernel.wall_off('catalog.search_log');

-- The tsquery for what somebody typed: both languages, the store's synonyms, and where a word is known to nobody and nothing is found, the
-- known words nearest to it. Runs as the owner, as the next function does, because text search is not leakproof: under row-level security
-- it would read every row. Both look at the current store only; callers join ids to catalog.listings, where the wall stands as ever.
create function catalog.search_query(p_text text, p_folded text, out query tsquery, out corrected text)
    language plpgsql stable security definer set search_path = public, pg_temp set jit = off set client_min_messages = warning
    set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    c_unwanted constant text := '(?:^|\s)-([^\s"]+)';
    v_store uuid := kernel.current_store();
    v_words text[] := array(select catalog.words_of(p_folded, null));
    v_synonyms record;
    v_term text;
    v_word text;
    v_near text[];
    v_any tsquery;
    v_changed boolean := false;
begin
    -- What is not wanted is taken out of both languages' queries at once: one alone would let the other's words in.
    query := websearch_to_tsquery('catalog.en', regexp_replace(p_text, c_unwanted, ' ', 'g'));
    v_any := websearch_to_tsquery('catalog.fr', regexp_replace(p_text, c_unwanted, ' ', 'g'));
    -- The same words twice would be looked at twice.
    if v_any <> query then
        query := query || v_any;
    end if;
    for v_term in select m[1] from regexp_matches(p_text, c_unwanted, 'g') m limit 10 loop
        v_any := plainto_tsquery('catalog.en', v_term) || plainto_tsquery('catalog.fr', v_term);
        if numnode(v_any) > 0 and numnode(query) > 0 then
            query := query && !! v_any;
        end if;
        v_words := '{}';
    end loop;
    for v_synonyms in
        select s.terms from catalog.search_synonyms s
        where s.store_id = v_store and exists (select from unnest(s.terms) t where position(' ' || t || ' ' in ' ' || p_folded || ' ') > 0)
        order by s.id limit 10
    loop
        v_any := ''::tsquery;
        foreach v_term in array v_synonyms.terms loop
            v_any := v_any || phraseto_tsquery('catalog.en', v_term) || phraseto_tsquery('catalog.fr', v_term);
        end loop;
        foreach v_term in array v_synonyms.terms loop
            if position(' ' || v_term || ' ' in ' ' || p_folded || ' ') > 0 then
                query := ts_rewrite(query, plainto_tsquery('catalog.en', v_term), v_any);
                if plainto_tsquery('catalog.fr', v_term) <> plainto_tsquery('catalog.en', v_term) then
                    query := ts_rewrite(query, plainto_tsquery('catalog.fr', v_term), v_any);
                end if;
            end if;
        end loop;
    end loop;

    if cardinality(v_words) not between 1 and 10 or not exists (
        select from unnest(v_words) w where not exists (select from catalog.search_words k where k.store_id = v_store and k.word = w))
    then
        return;
    end if;

    -- A word that is in no title may be in a text, or be another form of one.
    if numnode(query) > 0 then
        if exists (select from catalog.match_products(query, true, 1)) then
            return;
        end if;
    end if;

    v_any := null;
    corrected := p_folded;
    foreach v_word in array v_words loop
        v_near := array[v_word];
        if length(v_word) between 4 and 30 and not exists (select from catalog.search_words k where k.store_id = v_store and k.word = v_word) then
            -- Its first letter is right, or has changed places with the second one.
            v_near := array(
                select near.word from (
                    select k.word, levenshtein_less_equal(k.word, v_word, 3) as distance from catalog.search_words k
                    where k.store_id = v_store and k.word >= left(v_word, 1) and k.word < left(v_word, 1) || U&'\FFFD'
                      and length(k.word) between length(v_word) - 2 and length(v_word) + 2
                    union
                    select k.word, levenshtein_less_equal(k.word, v_word, 3) from catalog.search_words k
                    where k.store_id = v_store and k.word >= substr(v_word, 2, 1) || left(v_word, 1)
                      and k.word < substr(v_word, 2, 1) || left(v_word, 1) || U&'\FFFD') near
                where near.distance <= case when length(v_word) <= 7 then 2 else 3 end and near.distance < length(v_word) / 2.0 + 0.5
                order by near.distance, similarity(near.word, v_word) desc, near.word limit 3);
            if cardinality(v_near) = 0 then
                corrected := null;
                return;
            end if;
            corrected := replace(corrected, v_word, v_near[1]);
            v_changed := true;
        end if;
        query := ''::tsquery;
        foreach v_term in array v_near loop
            query := query || plainto_tsquery('catalog.en', v_term) || plainto_tsquery('catalog.fr', v_term);
        end loop;
        -- Words that say nothing in both languages drop out.
        if numnode(query) > 0 then
            v_any := case when v_any is null then query else v_any && query end;
        end if;
    end loop;
    query := coalesce(v_any, ''::tsquery);
    if not v_changed then
        corrected := null;
    end if;
end $$;

-- Products for a query: tier 2 has all its words in title, brand or attributes, tier 1 somewhere; texts are looked at only where fewer than
-- 200 titles have the words. Never reads more than p_cap + 1 products, and if it looks at texts and p_cap is larger, 1 001: more rows of
-- tier 2 than p_cap, or 1 001 with some of tier 1, mean that there are more than were looked at.
create function catalog.match_products(p_query tsquery, p_texts boolean, p_cap int) returns table (product_id uuid, tier int)
    language plpgsql stable security definer rows 1000 set search_path = public, pg_temp set jit = off
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_indexscan = off as $$
declare
    v_store uuid := kernel.current_store();
    v_found bigint;
begin
    if numnode(p_query) = 0 then
        return;
    end if;
    return query select p.id, 2 from catalog.products p
        where p.store_id = v_store and p.status = 'active' and p.title @@ p_query limit p_cap + 1;
    get diagnostics v_found = row_count;
    if p_texts and v_found < least(200, p_cap) then
        return query select p.id, 1 from catalog.products p
            where p.store_id = v_store and p.status = 'active' and p.search @@ p_query and not p.title @@ p_query
            limit least(p_cap, 1000) - v_found + 1;
    end if;
end $$;
