-- A list of 24 looks up 24 products and 24 categories.
-- Locks: ACCESS EXCLUSIVE on two tables for a moment. Undo: alter both policies store_rows back to what kernel.wall_off writes.
call kernel.wall_off_for_lookups('catalog.products');
call kernel.wall_off_for_lookups('catalog.categories');
