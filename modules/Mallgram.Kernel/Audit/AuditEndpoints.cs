using System.Buffers.Text;
using System.Globalization;
using System.Text.Json.Nodes;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Kernel.Audit;

/// <param name="Id"><c>aud_…</c>.</param>
/// <param name="Store"><c>sto_…</c>; null: of the platform.</param>
/// <param name="Actor"><c>usr_…</c>, <c>key_…</c> or <c>adm_…</c>.</param>
/// <param name="OnBehalfOf"><c>usr_…</c> whom a platform administrator acted as.</param>
/// <param name="Action"><c>insert</c>, <c>update</c>, <c>delete</c>, or an event such as <c>sign_in.failed</c>.</param>
/// <param name="Object">Table, e.g. <c>catalog.products</c>.</param>
/// <param name="Before">Of an update only what changed; secret and personal values read <c>[hidden]</c>.</param>
public sealed record AuditEntryView(
    string Id,
    DateTimeOffset At,
    string? Store,
    string Actor,
    string? OnBehalfOf,
    string Action,
    string Object,
    string? ObjectId,
    JsonObject? Before,
    JsonObject? After,
    string? Reason,
    string? Address,
    string? RequestId);

public sealed record AuditEntryList(IReadOnlyList<AuditEntryView> Data, string? NextCursor);

/// <param name="From">Not before this moment.</param>
/// <param name="To">Before this moment.</param>
internal sealed record AuditQuery(
    string? Actor, string? Object, string? ObjectId, string? Action, DateTimeOffset? From, DateTimeOffset? To, int? Limit, string? Cursor);

/// <summary>The audit log for reading, newest first: a store's for its staff, all of it for the platform.</summary>
public static class AuditEndpoints
{
    private const int DefaultLimit = 24;
    private const int MaxTextLength = 200;

    public static void MapAuditAdmin(this IEndpointRouteBuilder admin) => admin
        .MapGet(
            "/audit-log",
            (StoreDatabase database, StoreScope scope, string? actor, string? @object, string? object_id, string? action,
                DateTimeOffset? from, DateTimeOffset? to, int? limit, string? cursor, CancellationToken ct) =>
                ListAsync(
                    command => database.QueryAsync(ct, command), scope.StoreId,
                    new AuditQuery(actor, @object, object_id, action, from, to, limit, cursor), ct))
        .RequirePermission(Permissions.AuditRead).WithTags("Admin: audit").WithName("AdminListAuditLog")
        .WithSummary("Who changed what, before and after, newest first")
        .Produces<AuditEntryList>().ProducesProblem(400).ProducesProblem(422);

    public static void MapAuditPlatform(this IEndpointRouteBuilder platform) => platform
        .MapGet(
            "/audit-log",
            (PlatformDatabase database, string? store, string? actor, string? @object, string? object_id, string? action,
                DateTimeOffset? from, DateTimeOffset? to, int? limit, string? cursor, CancellationToken ct) =>
                ListAsync(
                    command => database.QueryAsync(ct, command),
                    // An id that cannot be a store's finds what one of no store finds.
                    store is null ? null : PublicId.TryParse(PublicId.Store, store, out var id) ? id : Guid.Empty,
                    new AuditQuery(actor, @object, object_id, action, from, to, limit, cursor), ct))
        .RequirePlatform().WithTags("Platform: audit").WithName("PlatformListAuditLog")
        .WithSummary("Who changed what, at every store and on the platform itself, newest first")
        .Produces<AuditEntryList>().ProducesProblem(400).ProducesProblem(422);

    private static async Task<IResult> ListAsync(
        Func<NpgsqlBatchCommand, Task<StoreReader>> run, Guid? storeId, AuditQuery query, CancellationToken ct)
    {
        var limit = Check(query);
        var entries = new List<(DateTimeOffset At, Guid Id, AuditEntryView View)>(limit + 1);
        await using var reader = await run(Select(storeId, query, limit + 1));
        var rows = reader.Rows;
        while (await rows.ReadAsync(ct))
        {
            var id = rows.GetGuid(0);
            var at = rows.GetFieldValue<DateTimeOffset>(1);
            var table = rows.GetString(6);
            entries.Add((at, id, new AuditEntryView(
                PublicId.Format(PublicId.AuditEntry, id),
                at,
                rows.IsDBNull(2) ? null : PublicId.Format(PublicId.Store, rows.GetGuid(2)),
                rows.GetString(3),
                rows.TextOrNull(4),
                rows.GetString(5),
                table,
                AuditIds.Show(table, rows.TextOrNull(7)),
                AuditIds.ShowRow(table, rows.TextOrNull(8)),
                AuditIds.ShowRow(table, rows.TextOrNull(9)),
                rows.TextOrNull(10),
                rows.TextOrNull(11),
                rows.TextOrNull(12))));
        }

        var more = entries.Count > limit;
        return TypedResults.Ok(new AuditEntryList(
            [.. entries.Take(limit).Select(e => e.View)], more ? Cursor.Write(entries[limit - 1].At, entries[limit - 1].Id) : null));
    }

    private static int Check(AuditQuery query)
    {
        var errors = new FieldErrors();
        if (query.Limit is < 1 or > 100)
        {
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
        }

        errors.AtMost(query.Actor, "actor", MaxTextLength);
        errors.AtMost(query.Object, "object", MaxTextLength);
        errors.AtMost(query.ObjectId, "object_id", MaxTextLength);
        errors.AtMost(query.Action, "action", MaxTextLength);
        errors.ThrowIfAny();
        return query.Limit ?? DefaultLimit;
    }

    /// <summary>Only the conditions that were asked for, so that each combination has its own plan and index.</summary>
    private static NpgsqlBatchCommand Select(Guid? storeId, AuditQuery query, int rows)
    {
        var command = new NpgsqlBatchCommand();
        var conditions = new List<string>();
        string Value(NpgsqlParameter parameter)
        {
            command.Parameters.Add(parameter);
            return "$" + command.Parameters.Count.ToString(CultureInfo.InvariantCulture);
        }

        void Equal(string column, string? value)
        {
            if (value is not null)
            {
                conditions.Add($"{column} = {Value(Sql.Text(value))}");
            }
        }

        if (storeId is { } store)
        {
            conditions.Add("store_id = " + Value(Sql.Uuid(store)));
        }

        Equal("actor", query.Actor);
        Equal("object", query.Object);
        Equal("object_id", query.ObjectId is { } shown ? AuditIds.Read(shown) : null);
        Equal("action", query.Action);
        if (query.From is { } from)
        {
            conditions.Add("at >= " + Value(Sql.Time(from)));
        }

        if (query.To is { } to)
        {
            conditions.Add("at < " + Value(Sql.Time(to)));
        }

        if (query.Cursor is { Length: > 0 } cursor)
        {
            var (at, id) = Cursor.Read(cursor);
            conditions.Add($"(at, id) < ({Value(Sql.Time(at))}, {Value(Sql.Uuid(id))})");
        }

        command.CommandText =
            $"""
            select id, at, store_id, actor, on_behalf_of, action, object, object_id, before::text, after::text, reason, host(address), request_id
            from kernel.audit_log {(conditions.Count > 0 ? "where " + string.Join(" and ", conditions) : "")}
            order by at desc, id desc limit {Value(Sql.Int(rows))}
            """;
        return command;
    }

    private static class Cursor
    {
        public static string Write(DateTimeOffset at, Guid id) => Base64Url.EncodeToString([.. BitConverter.GetBytes(at.UtcTicks), .. id.ToByteArray()]);

        /// <exception cref="ProblemException">400 <c>cursor_invalid</c>.</exception>
        public static (DateTimeOffset At, Guid Id) Read(string text)
        {
            Span<byte> bytes = stackalloc byte[24];
            if (text.Length <= 40 && Base64Url.IsValid(text, out var length) && length == bytes.Length
                && Base64Url.TryDecodeFromChars(text, bytes, out _)
                && BitConverter.ToInt64(bytes) is >= 0 and var ticks && ticks <= DateTimeOffset.MaxValue.UtcTicks)
            {
                return (new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(bytes[8..]));
            }

            throw new ProblemException(CommonProblems.CursorInvalid);
        }
    }
}
