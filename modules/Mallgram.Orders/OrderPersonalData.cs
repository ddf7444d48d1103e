using System.Text.Json;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Privacy;
using Mallgram.Kernel.Tenancy;
using Mallgram.Orders.Contracts;
using Npgsql;

namespace Mallgram.Orders;

/// <summary>
/// Orders of a person: their own, and those placed as a guest under an address that is proven to be theirs. Erasing keeps what the books and
/// taxes need (amounts, goods, city and country) and takes who it was.
/// </summary>
internal sealed class OrderPersonalData(StoreDatabase database, StoreScope scope) : IPersonalData, IOrdersOfPerson
{
    private const string Theirs =
        "o.store_id = $1 and (o.user_id = $2 or (o.user_id is null and (lower(o.email) = $3 or o.phone = $4)))";

    public string Name => "orders";

    public Task<long> CountAsync(DataSubject person, CancellationToken ct) =>
        database.ReadCountAsync(Sql.Command($"select count(*) from orders.orders o where {Theirs}", Of(scope.StoreId, person)), ct);

    public Task<JsonElement> ExportAsync(DataSubject person, CancellationToken ct) => database.ReadJsonAsync(
        Sql.Command(
            $"""
            select coalesce(jsonb_agg(
                (to_jsonb(o) - array['store_id', 'id', 'user_id', 'access_token_hash']) || jsonb_build_object(
                    'items', (
                        select jsonb_agg(jsonb_build_object('name', i.name, 'sku', i.sku, 'quantity', i.quantity, 'unit_price', i.unit_price)
                            order by i.position)
                        from orders.order_items i where i.store_id = o.store_id and i.order_id = o.id),
                    'history', (
                        select jsonb_agg(jsonb_build_object('at', h.at, 'from', h.from_status, 'to', h.to_status) order by h.id)
                        from orders.order_history h where h.store_id = o.store_id and h.order_id = o.id))
                order by o.id), '[]')
            from orders.orders o where {Theirs}
            """,
            Of(scope.StoreId, person)),
        ct);

    public Task EraseAsync(DataSubject person, StoreTransaction transaction, CancellationToken ct) => transaction.ExecuteAsync(
        ct,
        [Sql.Command(
            $$"""
            update orders.orders o set user_id = $2, full_name = 'Erased', email = null, phone = null, notes = null, erased_at = now(),
                shipping_address = jsonb_strip_nulls(jsonb_build_object(
                    'city', shipping_address -> 'city', 'region', shipping_address -> 'region', 'country', shipping_address -> 'country'))
                    || '{"phone": ""}'
            where {{Theirs}} and o.erased_at is null
            """,
            Of(transaction.StoreId, person))]);

    public async Task<Guid[]> FindAsync(DataSubject person, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(
            ct, Sql.Command($"select o.id from orders.orders o where {Theirs}", Of(scope.StoreId, person)));
        var ids = new List<Guid>();
        while (await answer.Rows.ReadAsync(ct))
        {
            ids.Add(answer.Rows.GetGuid(0));
        }

        return [.. ids];
    }

    private static NpgsqlParameter[] Of(Guid storeId, DataSubject person) =>
        [Sql.Uuid(storeId), Sql.Uuid(person.UserId), Sql.Text(person.Email), Sql.Text(person.Phone)];
}
