-- An import asks for what differs in a statement of its own: this function, planned for each batch, made nothing faster.
-- Locks: none. Undo: create it again as in 202611211320.
drop function catalog.differing(text, text[], bytea[]);
