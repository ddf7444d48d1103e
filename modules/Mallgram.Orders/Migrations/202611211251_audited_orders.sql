-- Orders: what staff do to an order is in the audit log; whose order it is, is not.
-- Locks: SHARE ROW EXCLUSIVE on orders.orders for a moment. Undo: drop trigger audit.
call kernel.audit('orders.orders', 'id', 'full_name,email,phone,shipping_address,notes', 'access_token_hash');
