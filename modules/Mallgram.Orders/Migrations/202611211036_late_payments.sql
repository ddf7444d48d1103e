-- Orders: an order can be paid and still need a decision, because its goods were sold before its money came.
-- Locks: orders.orders is checked under SHARE ROW EXCLUSIVE. Undo: drop the constraint and add the former one.
alter table orders.orders
    drop constraint orders_check2,
    add constraint orders_paid_at_check check (
        (payment_status in ('paid', 'partially_refunded', 'refunded') and paid_at is not null)
        or (payment_status in ('pending', 'failed') and paid_at is null)
        or payment_status = 'needs_review');
create index orders_for_review on orders.orders (store_id, id desc) where payment_status = 'needs_review';
