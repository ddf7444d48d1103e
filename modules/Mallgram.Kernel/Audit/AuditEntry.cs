using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Kernel.Audit;

/// <summary>
/// An entry for what no row shows: a sign-in, an export, a refusal. Changes of rows need none, their triggers write them.
/// </summary>
public static class AuditEntry
{
    /// <param name="storeId">Whose staff may read it; null: the platform's own.</param>
    /// <param name="caller">Who did it.</param>
    /// <param name="action">A word of its own: <c>sign_in.failed</c>, <c>store.exported</c>.</param>
    /// <param name="target">What it is about, as tables are named: <c>identity.users</c>.</param>
    /// <param name="targetId">Key as in the database: a UUID's text.</param>
    /// <param name="detail">Figures and words; never names, addresses, tokens.</param>
    /// <returns>A statement for the transaction of the deed, so that both stand or none.</returns>
    public static NpgsqlBatchCommand Insert(
        Guid? storeId, Caller caller, string action, string target, string? targetId = null, object? detail = null) => Sql.Command(
        """
        insert into kernel.audit_log (store_id, actor, on_behalf_of, action, object, object_id, after, reason, address, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::inet, $10)
        """,
        Sql.Uuid(storeId), Sql.Text(caller.Actor), Sql.Text(caller.OnBehalfOf), Sql.Text(action), Sql.Text(target), Sql.Text(targetId),
        Sql.Json(detail is null ? null : MallgramJson.ToJson(detail)), Sql.Text(caller.Reason), Sql.Text(caller.Address), Sql.Text(caller.RequestId));
}
