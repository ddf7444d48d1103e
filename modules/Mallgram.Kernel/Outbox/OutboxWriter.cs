using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Kernel.Outbox;

/// <summary>Makes the statement that records an event in the caller's transaction; side effects happen from there only.</summary>
public sealed class OutboxWriter(TimeProvider clock)
{
    internal const string Insert =
        "insert into kernel.outbox (id, store_id, type, payload, trace_parent) values ($1, $2, $3, $4, $5)";

    /// <param name="storeId">Null for an event of the platform.</param>
    /// <param name="type">Stable dotted name, <c>orders.order_paid</c>; stored, so never renamed.</param>
    /// <param name="payload">What handlers need; no secrets, since rows stay readable to operators.</param>
    public NpgsqlBatchCommand Add<T>(Guid? storeId, string type, T payload) => Sql.Command(
        Insert,
        Sql.Uuid(PublicId.New(clock)),
        Sql.Uuid(storeId),
        Sql.Text(type),
        Sql.Json(JsonSerializer.Serialize(payload, (JsonTypeInfo<T>)MallgramJson.Options.GetTypeInfo(typeof(T)))),
        Sql.Text(Activity.Current?.Id));
}
