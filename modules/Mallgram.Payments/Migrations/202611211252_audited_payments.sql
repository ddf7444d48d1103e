-- Payments: what staff do to a payment and every booking they cause is in the audit log.
-- Locks: SHARE ROW EXCLUSIVE on each table for a moment. Undo: drop trigger audit on each.
call kernel.audit('payments.intents', 'id', 'payer_phone,next_action', 'callback_token,start_key,request_hash,start_lease_until,poll_count,next_poll_at,last_read_at');
call kernel.audit('payments.ledger_transfers', 'id', '', '');
