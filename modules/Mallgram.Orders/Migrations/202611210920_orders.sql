-- Orders: the order, its lines and its history. New tables only: no long locks. Undo: drop schema orders cascade,
-- and delete from kernel.transitions where object like 'order%'.

create schema orders;
grant usage on schema orders to mallgram_app, mallgram_platform;

insert into kernel.transitions (object, from_status, to_status) values
    ('order', 'pending', 'paid'), ('order', 'pending', 'cancelled'),
    ('order', 'paid', 'processing'), ('order', 'paid', 'cancelled'),
    ('order', 'processing', 'shipped'), ('order', 'processing', 'cancelled'),
    ('order', 'shipped', 'delivered');

create table orders.orders (
    store_id           uuid        not null references stores.stores (id),
    id                 uuid        not null,
    number             text        not null,                  -- for people: 261121-7KQ4M
    status             text        not null default 'pending'
                       check (status in ('pending', 'paid', 'processing', 'shipped', 'delivered', 'cancelled')),
    payment_status     text        not null default 'pending'
                       check (payment_status in ('pending', 'paid', 'failed', 'partially_refunded', 'refunded', 'needs_review')),
    fulfillment_status text        not null default 'unfulfilled',
    user_id            uuid,                                  -- null: a guest
    full_name          text        not null,
    email              text,
    phone              text,                                  -- E.164 digits with +
    language           text        not null check (language in ('en', 'fr')),
    shipping_address   jsonb       not null,
    notes              text,
    currency           char(3)     not null,                  -- ISO 4217; the amounts below are its minor units
    subtotal           bigint      not null check (subtotal >= 0),
    shipping           bigint      not null check (shipping >= 0),
    tax                bigint      not null check (tax >= 0),
    discount           bigint      not null check (discount >= 0),
    total              bigint      not null check (total >= 0),
    access_token_hash  bytea       not null,                  -- SHA-256 of the token that lets a guest read the order
    paid_at            timestamptz,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    primary key (store_id, id),
    unique (store_id, number),
    check (total = subtotal + shipping + tax - discount),
    check (email is not null or phone is not null),
    check ((payment_status in ('paid', 'partially_refunded', 'refunded')) = (paid_at is not null))
);
call kernel.wall_off('orders.orders');
call kernel.keep_updated_at('orders.orders');
create trigger legal_transition before update of status on orders.orders
    for each row execute function kernel.check_transition('order');
create index orders_newest on orders.orders (store_id, id desc);
create index orders_by_status on orders.orders (store_id, status, id desc);
create index orders_of_user on orders.orders (store_id, user_id, id desc) where user_id is not null;

create table orders.order_items (
    store_id   uuid   not null,
    order_id   uuid   not null,
    id         uuid   not null,
    position   int    not null,
    product_id uuid   not null,                               -- catalog.products; no key across modules
    variant_id uuid   not null,
    sku        text   not null,
    name       text   not null,                               -- as shown when ordered
    quantity   int    not null check (quantity > 0),
    unit_price bigint not null check (unit_price >= 0),
    subtotal   bigint not null generated always as (quantity * unit_price) stored,
    primary key (store_id, id),
    foreign key (store_id, order_id) references orders.orders (store_id, id)
);
call kernel.wall_off('orders.order_items');
create index order_items_of_order on orders.order_items (store_id, order_id, position);

create table orders.order_history (
    store_id    uuid        not null,
    order_id    uuid        not null,
    id          uuid        not null,
    at          timestamptz not null default now(),
    from_status text,
    to_status   text        not null,
    actor       text        not null,                         -- 'guest', a person's public id, or 'payments'
    cause       text        not null,                         -- what made it happen, e.g. a payment's public id
    primary key (store_id, id),
    foreign key (store_id, order_id) references orders.orders (store_id, id)
);
call kernel.wall_off('orders.order_history');
call kernel.append_only('orders.order_history');
create index order_history_of_order on orders.order_history (store_id, order_id, id);
