-- Files: what staff upload and remove is in the audit log; a file's own name may tell of a person.
-- Locks: SHARE ROW EXCLUSIVE on files.files for a moment. Undo: drop trigger audit.
call kernel.audit('files.files', 'id', 'name', 'storage_key,sha256');
