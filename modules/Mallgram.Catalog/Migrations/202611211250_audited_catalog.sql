-- Catalogue: what staff change is in the audit log. Prices and stock have histories of their own, which name the person.
-- Locks: SHARE ROW EXCLUSIVE on each table for a moment. Undo: drop trigger audit on each.
call kernel.audit('catalog.products', 'id', '', 'title,search,search_key,name_key,name_key_fr,content_hash');
call kernel.audit('catalog.offers', 'product_id,channel', '', '');
call kernel.audit('catalog.categories', 'id', '', 'path,path_fr');
call kernel.audit('catalog.supplier_categories', 'supplier,external_id', '', '');
call kernel.audit('catalog.brands', 'slug', '', '');
call kernel.audit('catalog.attributes', 'code', '', '');
call kernel.audit('catalog.collections', 'id', '', '');
call kernel.audit('catalog.collection_products', 'collection_id,product_id', '', '');
call kernel.audit('catalog.merchandising_settings', 'store_id', '', '');
call kernel.audit('catalog.markets', 'currency', '', '');
call kernel.audit('catalog.price_rules', 'id', '', '');
call kernel.audit('catalog.quality_filters', 'country', '', '');
call kernel.audit('catalog.search_synonyms', 'id', '', '');
