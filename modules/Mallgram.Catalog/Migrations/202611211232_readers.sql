-- Catalog: its views of schema public are open to store readers. Grants and policies only: short locks.
-- Undo: revoke the grants to mallgram_store_reader and drop the policies named reader_rows.

call kernel.open_to_readers('public.products');
call kernel.open_to_readers('public.products_retailer');
call kernel.open_to_readers('public.categories');
