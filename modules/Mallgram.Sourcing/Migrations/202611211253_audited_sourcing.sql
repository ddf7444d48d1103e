-- Sourcing: what staff do to suppliers is in the audit log; tokens only as having changed.
-- Locks: SHARE ROW EXCLUSIVE on each table for a moment. Undo: drop trigger audit on each.
call kernel.audit('sourcing.supplier_accounts', 'supplier', '', '');
call kernel.audit('sourcing.supplier_tokens', 'supplier', 'sealed_access_token,sealed_refresh_token', '');
