-- Payments: intents, the events that move them, and the ledger. New tables only: no long locks. Undo: drop schema payments cascade,
-- and delete from kernel.transitions where object = 'payment'.

create schema payments;
grant usage on schema payments to mallgram_app, mallgram_platform;

-- A success is final but for money given back; whatever the provider reports later is recorded as an event and reviewed by a person.
insert into kernel.transitions (object, from_status, to_status)
select 'payment', f, t from (values
    ('processing', array['requires_action', 'succeeded', 'failed', 'expired', 'cancelled', 'needs_review']),
    ('requires_action', array['processing', 'succeeded', 'failed', 'expired', 'cancelled', 'needs_review']),
    ('failed', array['succeeded', 'needs_review']),
    ('expired', array['succeeded', 'needs_review']),
    ('cancelled', array['succeeded', 'needs_review']),
    ('needs_review', array['succeeded', 'failed', 'refunded']),
    ('succeeded', array['partially_refunded', 'refunded']),
    ('partially_refunded', array['refunded'])) as moves (f, ts) cross join unnest(ts) as t;

create table payments.intents (
    store_id               uuid        not null references stores.stores (id),
    id                     uuid        not null,
    order_id               uuid        not null,              -- orders.orders; no key across modules
    order_number           text        not null,              -- what the payer reads on the phone
    gateway                text        not null,              -- IPaymentGateway.Code
    method                 text        not null check (method in ('mobile_money', 'card', 'bank_transfer', 'cash_on_delivery')),
    status                 text        not null default 'processing' check (status in ('requires_action', 'processing', 'succeeded',
                           'failed', 'expired', 'cancelled', 'partially_refunded', 'refunded', 'needs_review')),
    amount                 bigint      not null check (amount > 0),   -- minor units of currency
    currency               char(3)     not null,
    reference              uuid        not null,              -- our name for it at the gateway; its idempotency key there
    payer_phone            text,                              -- MSISDN, digits only
    country                char(2)     not null,              -- of the shipping address
    callback_token         bytea       not null,              -- secret of the callback address; all it can do is to make us ask the gateway
    next_action            jsonb,                             -- what the buyer has to do, as in the public contract
    decline_code           text,                              -- normalised reason of a failure
    gateway_transaction_id text,
    review_reason          text,
    start_key              text        not null,              -- caller and idempotency key of the call that made it
    request_hash           bytea       not null,              -- SHA-256 of the body of that call
    start_lease_until      timestamptz,                       -- a call is talking to the gateway until then; null: it has answered
    poll_count             int         not null default 0,
    next_poll_at           timestamptz,                       -- null: nothing more to ask
    last_read_at           timestamptz,
    expires_at             timestamptz not null,
    succeeded_at           timestamptz,
    created_at             timestamptz not null default now(),
    updated_at             timestamptz not null default now(),
    primary key (store_id, id),
    unique (gateway, reference),
    unique (store_id, start_key),
    check ((status in ('succeeded', 'partially_refunded', 'refunded')) <= (succeeded_at is not null))
);
call kernel.wall_off('payments.intents');
call kernel.keep_updated_at('payments.intents');
create trigger legal_transition before update of status on payments.intents
    for each row execute function kernel.check_transition('payment');
-- Two prompts on one phone for one order would let a buyer pay twice.
create unique index intents_one_in_flight on payments.intents (store_id, order_id) where status in ('requires_action', 'processing');
create index intents_due on payments.intents (next_poll_at) where next_poll_at is not null;
create index intents_of_order on payments.intents (store_id, order_id, id);

create table payments.events (
    store_id          uuid        not null,
    id                uuid        not null,
    payment_id        uuid        not null,
    type              text        not null,                   -- charge_requested, charge_accepted, charge_succeeded, charge_failed, …
    source            text        not null check (source in ('start', 'webhook', 'poll', 'verify', 'admin')),
    amount            bigint,
    currency          char(3),
    gateway_reference text        not null default '',
    detail            jsonb,
    at                timestamptz not null default now(),
    primary key (store_id, id),
    foreign key (store_id, payment_id) references payments.intents (store_id, id),
    unique (store_id, payment_id, type, gateway_reference)    -- the same report, however often it comes, is one event
);
call kernel.wall_off('payments.events');
call kernel.append_only('payments.events');

-- Double entry: every row moves an amount from one account (credit) to another (debit), so all balances of a currency sum to zero.
create table payments.ledger_transfers (
    store_id       uuid        not null,
    id             uuid        not null,
    debit_account  text        not null,                      -- gateway_clearing:<gateway>
    credit_account text        not null,                      -- store_payable, refunds_due
    amount         bigint      not null check (amount > 0),
    currency       char(3)     not null,
    payment_id     uuid        not null,
    kind           text        not null,                      -- charge
    at             timestamptz not null default now(),
    primary key (store_id, id),
    foreign key (store_id, payment_id) references payments.intents (store_id, id),
    unique (store_id, payment_id, kind),
    check (debit_account <> credit_account)
);
call kernel.wall_off('payments.ledger_transfers');
call kernel.append_only('payments.ledger_transfers');

create view payments.ledger_balances with (security_invoker = true) as
    select store_id, account, currency, sum(amount)::bigint as balance
    from (
        select store_id, debit_account as account, currency, amount from payments.ledger_transfers
        union all
        select store_id, credit_account, currency, -amount from payments.ledger_transfers) entries
    group by store_id, account, currency;
grant select on payments.ledger_balances to mallgram_app, mallgram_platform;
