using Mallgram.Catalog.Http;
using Mallgram.Catalog.Merchandising;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Catalog.Stock;

/// <param name="OnHand">Units there are.</param>
/// <param name="Reserved">Of them, held for unpaid orders or sold and not shipped; may be more than there are.</param>
/// <param name="LowSince">When it fell to its threshold; null: it has not.</param>
internal sealed record InventoryRow(
    string VariantId,
    string ProductId,
    string ProductName,
    string? VariantName,
    string Sku,
    string? Supplier,
    int OnHand,
    int Reserved,
    int Available,
    int LowStockThreshold,
    DateTimeOffset? LowSince);

internal sealed record InventoryPage(IReadOnlyList<InventoryRow> Data, string? NextCursor);

/// <summary>A variant's stock with who holds it and how it came about.</summary>
/// <param name="Holds">The ones that expire first; at most 100.</param>
/// <param name="Movements">Newest first.</param>
internal sealed record InventoryItem(InventoryRow Stock, IReadOnlyList<InventoryHold> Holds, IReadOnlyList<InventoryMovement> Movements, string? NextCursor);

/// <param name="Status"><c>held</c> or <c>committed</c> (paid).</param>
internal sealed record InventoryHold(string OrderId, int Quantity, string Status, DateTimeOffset ExpiresAt);

/// <param name="Cause"><c>supplier</c>, <c>order</c>, <c>return</c>, <c>person</c> or <c>rollback</c>.</param>
internal sealed record InventoryMovement(DateTimeOffset At, int Before, int After, string Cause, string? OrderId, string? Actor, string? Reason);

/// <summary>Either the difference or the new number.</summary>
/// <param name="Reason">For people, kept with the movement.</param>
internal sealed record AdjustmentInput(int? Delta, int? OnHand, string? Reason);

/// <param name="Warning"><c>below_reserved</c>: more is held or sold than there is; null otherwise.</param>
internal sealed record Adjusted(int OnHand, int Reserved, int Available, string? Warning);

internal static class InventoryProblems
{
    public static readonly ProblemCode BelowZero = new("stock_below_zero", 409,
        "There are {0} units; fewer than none is not possible.", "Il y a {0} unités ; moins que zéro n'est pas possible.");
}

/// <summary>Stock for staff: what there is, who holds it, and counting it.</summary>
internal sealed class Inventory(StoreDatabase database, StoreScope scope, LowStockWatch watch)
{
    private const string Select =
        """
        select v.id, p.id, p.name, v.name, v.sku, p.supplier, t.on_hand, t.reserved,
               coalesce(p.low_stock_threshold, (select s.low_stock_threshold from catalog.merchandising_settings s), 5), k.since
        """;

    /// <param name="low">Only what was at or below its threshold when it was last looked at.</param>
    /// <exception cref="ProblemException">400 <c>cursor_invalid</c>; 422.</exception>
    public async Task<InventoryPage> ListAsync(bool low, string? words, string? cursor, int? limit, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Between(limit, "limit", 1, 100);
        errors.AtMost(words, "q", 200);
        errors.ThrowIfAny();
        var (size, q) = (limit ?? 24, PlainText.Line(words, 200));
        var stamp = $"inventory|{scope.StoreId}|{low}|{q}";
        var after = Guid.Empty;
        if (!string.IsNullOrEmpty(cursor))
        {
            after = Guid.TryParse(ListCursor.Read(cursor, stamp, 1)[0], out var id) ? id : throw ListCursor.Invalid();
        }

        // Low ones come from their own table, so that a page of them costs the same in a large catalogue.
        var from = low
            ? "from catalog.low_stock k join catalog.variants v on v.store_id = k.store_id and v.id = k.variant_id"
            : "from catalog.variants v left join catalog.low_stock k on k.store_id = v.store_id and k.variant_id = v.id";
        var found = q.Length == 0 ? "$4 <> '' or true" : "v.product_id in (select catalog.find_products_for_staff($3, $4, 1000))";
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"""
            {Select} {from}
            join catalog.products p on p.store_id = v.store_id and p.id = v.product_id
            join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
            where v.active and v.id > $1 and ($3 is not null and ({found})) order by v.id limit $2
            """,
            Sql.Uuid(after), Sql.Int(size + 1), Sql.Text(q), Sql.Text(PlainText.Fold(q))));
        var rows = reader.Rows;
        var data = new List<InventoryRow>(size);
        var last = Guid.Empty;
        while (await rows.ReadAsync(ct))
        {
            if (data.Count == size)
            {
                return new InventoryPage(data, ListCursor.Write(stamp, last.ToString()));
            }

            last = rows.GetGuid(0);
            data.Add(ReadRow(rows));
        }

        return new InventoryPage(data, NextCursor: null);
    }

    /// <exception cref="ProblemException">404 <c>variant_not_found</c>; 400 <c>cursor_invalid</c>; 422.</exception>
    public async Task<InventoryItem> GetAsync(string id, string? cursor, int? limit, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Between(limit, "limit", 1, 100);
        errors.ThrowIfAny();
        var (variant, size) = (VariantId(id), limit ?? 24);
        var stamp = $"movements|{scope.StoreId}|{variant}";
        DateTimeOffset? at = null;
        var after = Guid.Empty;
        if (!string.IsNullOrEmpty(cursor))
        {
            var values = ListCursor.Read(cursor, stamp, 2);
            (at, after) = long.TryParse(values[0], System.Globalization.CultureInfo.InvariantCulture, out var ticks)
                && ticks > 0 && ticks < DateTimeOffset.MaxValue.UtcTicks && Guid.TryParse(values[1], out var g)
                ? (new DateTimeOffset(ticks, TimeSpan.Zero), g) : throw ListCursor.Invalid();
        }

        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command(
                $"""
                {Select} from catalog.variants v
                join catalog.products p on p.store_id = v.store_id and p.id = v.product_id
                join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
                left join catalog.low_stock k on k.store_id = v.store_id and k.variant_id = v.id
                where v.id = $1
                """,
                Sql.Uuid(variant)),
            Sql.Command(
                """
                select order_id, quantity, status, expires_at from catalog.reservations
                where variant_id = $1 and status in ('held', 'committed') order by status desc, expires_at limit 100
                """,
                Sql.Uuid(variant)),
            Sql.Command(
                """
                select at, before, after, cause, order_id, actor, reason, id from catalog.stock_movements
                where variant_id = $1 and ($2::timestamptz is null or (at, id) < ($2, $3)) order by at desc, id desc limit $4
                """,
                Sql.Uuid(variant), Sql.Time(at), Sql.Uuid(after), Sql.Int(size + 1)));
        var rows = reader.Rows;
        if (!await rows.ReadAsync(ct))
        {
            throw new ProblemException(MerchandisingProblems.VariantNotFound);
        }

        var stock = ReadRow(rows);
        await rows.NextResultAsync(ct);
        var holds = new List<InventoryHold>();
        while (await rows.ReadAsync(ct))
        {
            holds.Add(new InventoryHold(
                PublicId.Format(PublicId.Order, rows.GetGuid(0)), rows.GetInt32(1), rows.GetString(2), rows.GetFieldValue<DateTimeOffset>(3)));
        }

        await rows.NextResultAsync(ct);
        var movements = new List<InventoryMovement>(size);
        var (lastAt, lastId) = (DateTimeOffset.MinValue, Guid.Empty);
        while (await rows.ReadAsync(ct))
        {
            if (movements.Count == size)
            {
                return new InventoryItem(
                    stock, holds, movements,
                    ListCursor.Write(stamp, lastAt.UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture), lastId.ToString()));
            }

            (lastAt, lastId) = (rows.GetFieldValue<DateTimeOffset>(0), rows.GetGuid(7));
            movements.Add(new InventoryMovement(
                lastAt, rows.GetInt32(1), rows.GetInt32(2), rows.GetString(3),
                rows.IsDBNull(4) ? null : PublicId.Format(PublicId.Order, rows.GetGuid(4)),
                rows.IsDBNull(5) ? null : rows.GetString(5), rows.IsDBNull(6) ? null : rows.GetString(6)));
        }

        return new InventoryItem(stock, holds, movements, NextCursor: null);
    }

    /// <summary>What a person counted. Below what is reserved is allowed, since it may be the truth; it comes with a warning.</summary>
    /// <param name="actor">Public id of the person.</param>
    /// <exception cref="ProblemException">404; 409 <c>stock_below_zero</c>; 422.</exception>
    public async Task<Adjusted> AdjustAsync(string id, AdjustmentInput input, string actor, CancellationToken ct)
    {
        var errors = new FieldErrors();
        if (input.Delta is null == input.OnHand is null)
        {
            errors.Add("delta", "is needed, or on_hand, not both", "est demandé, ou on_hand, pas les deux");
        }

        if (input.Delta == 0)
        {
            errors.Add("delta", "changes nothing", "ne change rien");
        }

        errors.Between(input.Delta, "delta", -1_000_000_000, 1_000_000_000);
        errors.Between(input.OnHand, "on_hand", 0, 1_000_000_000);
        var reason = errors.Name(input.Reason, "reason", 300);
        errors.ThrowIfAny();
        var variant = VariantId(id);
        await using var transaction = await database.BeginAsync(ct);
        int before;
        int reserved;
        Guid product;
        // The product first, then its stock: the order in which imports lock.
        await using (var rows = await transaction.QueryAsync(
            ct,
            Sql.Command(
                """
                select p.id from catalog.variants v join catalog.products p on p.store_id = v.store_id and p.id = v.product_id
                where v.id = $1 for update of p
                """,
                Sql.Uuid(variant)),
            Sql.Command("select on_hand, reserved from catalog.stock where variant_id = $1 for update", Sql.Uuid(variant))))
        {
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(MerchandisingProblems.VariantNotFound);
            }

            product = rows.GetGuid(0);
            await rows.NextResultAsync(ct);
            await rows.ReadAsync(ct);
            (before, reserved) = (rows.GetInt32(0), rows.GetInt32(1));
        }

        var after = input.OnHand ?? before + (long)input.Delta!.Value;
        if (after is < 0)
        {
            throw new ProblemException(InventoryProblems.BelowZero, before);
        }

        errors.Between(after, input.OnHand is null ? "delta" : "on_hand", 0, 1_000_000_000);
        errors.ThrowIfAny();
        if (after != before)
        {
            await transaction.ExecuteAsync(
                ct,
                [
                    Sql.Command("update catalog.stock set on_hand = $2 where variant_id = $1", Sql.Uuid(variant), Sql.Int((int)after)),
                    Sql.Command(
                        """
                        insert into catalog.stock_movements (store_id, variant_id, before, after, cause, actor, reason)
                        values (kernel.current_store(), $1, $2, $3, 'person', $4, $5)
                        """,
                        Sql.Uuid(variant), Sql.Int(before), Sql.Int((int)after), Sql.Text(actor), Sql.Text(reason)),
                    .. ProductWrites.Finish([product]),
                ]);
            await watch.CompareAsync(transaction, variant, ct);
            await transaction.CommitAsync(ct);
        }

        return new Adjusted((int)after, reserved, (int)Math.Max(0, after - reserved), after < reserved ? "below_reserved" : null);
    }

    private static Guid VariantId(string id) =>
        PublicId.TryParse(PublicId.Variant, id, out var variant) ? variant : throw new ProblemException(MerchandisingProblems.VariantNotFound);

    private static InventoryRow ReadRow(Npgsql.NpgsqlDataReader rows)
    {
        var (onHand, reserved) = (rows.GetInt32(6), rows.GetInt32(7));
        return new InventoryRow(
            PublicId.Format(PublicId.Variant, rows.GetGuid(0)), PublicId.Format(PublicId.Product, rows.GetGuid(1)), rows.GetString(2),
            rows.IsDBNull(3) ? null : rows.GetString(3), rows.GetString(4), rows.IsDBNull(5) ? null : rows.GetString(5), onHand, reserved,
            Math.Max(0, onHand - reserved), rows.GetInt32(8), rows.IsDBNull(9) ? null : rows.GetFieldValue<DateTimeOffset>(9));
    }
}
