-- Second factors: who stands between the first and the second step of a sign-in, and how often answers were wrong.
-- New table only: no long locks. Undo: drop table identity.second_factor_challenges.

-- Its id and person travel sealed as the challenge. Signed-in people who prove themselves again have a row too, so that all guesses at a
-- person's second factors are counted in one place.
create table identity.second_factor_challenges (
    store_id   uuid        not null,
    id         uuid        not null,
    user_id    uuid        not null,
    method     text        not null check (method in ('password', 'code', 'switch', 'proof')),  -- what came first; 'proof': signed in
    spent      text        check (spent in ('sms', 'email')),                          -- channel of the first step, which proves nothing more
    attempts   int         not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    primary key (store_id, id),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
create index second_factor_challenges_of_user on identity.second_factor_challenges (store_id, user_id, created_at);
create index second_factor_challenges_expired on identity.second_factor_challenges (expires_at);
call kernel.wall_off('identity.second_factor_challenges');
