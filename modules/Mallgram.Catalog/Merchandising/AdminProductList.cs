using System.ComponentModel;
using System.Globalization;
using Mallgram.Catalog.Http;
using Mallgram.Files.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Mvc;

namespace Mallgram.Catalog.Merchandising;

internal sealed record AdminProductParameters : ProductFilterInput
{
    [FromQuery(Name = "limit"), Description("1 to 100, default 24.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }
}

/// <param name="Price">As lists show it, in the store's own currency; null when nothing is listed.</param>
/// <param name="Available">Units of all active variants that are not reserved.</param>
/// <param name="LowStock">Some variant is at or below its threshold, as last found.</param>
/// <param name="Locked">Some field is left alone by imports.</param>
internal sealed record AdminProductRow(
    string Id,
    string Slug,
    string Name,
    string? NameFr,
    string? Supplier,
    string? ExternalId,
    string Status,
    string? HiddenBy,
    string? CategoryId,
    string? CategoryPath,
    string? Brand,
    string? ImageUrl,
    IReadOnlyList<string> Channels,
    Money? Price,
    int VariantCount,
    long OnHand,
    long Available,
    bool LowStock,
    bool Featured,
    bool Locked,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

internal sealed record AdminProductPage(IReadOnlyList<AdminProductRow> Data, string? NextCursor);

/// <summary>Products for staff, newest first: one statement a page, whatever its size.</summary>
internal sealed class AdminProductList(StoreDatabase database, StoreScope scope, IImageAddresses images)
{
    // Sums are made for the rows of the page only.
    private const string OfPage =
        """
        select p.id, p.slug, p.name, p.name_fr, p.supplier, p.external_id, p.status, p.hidden_by, p.category_id, c.path, p.brand, p.image_url,
               array(select o.channel from catalog.offers o where o.store_id = p.store_id and o.product_id = p.id and o.active order by o.channel desc),
               l.price, l.currency, s.variants, s.on_hand, s.available, s.low, p.featured, p.locked_fields <> '{}', p.created_at, p.updated_at
        from page p
        left join catalog.categories c on c.store_id = p.store_id and c.id = p.category_id
        left join catalog.markets m on m.store_id = p.store_id and m.is_default
        left join catalog.listings l on l.store_id = p.store_id and l.product_id = p.id and l.currency = m.currency and l.is_primary
        cross join lateral (
            select count(*)::int as variants, coalesce(sum(t.on_hand), 0) as on_hand, coalesce(sum(greatest(t.on_hand - t.reserved, 0)), 0) as available,
                   coalesce(bool_or(k.variant_id is not null), false) as low
            from catalog.variants v
            join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
            left join catalog.low_stock k on k.store_id = v.store_id and k.variant_id = v.id
            where v.store_id = p.store_id and v.product_id = p.id and v.active) s
        order by p.id desc
        """;

    /// <exception cref="ProblemException">422 and 400 <c>cursor_invalid</c>.</exception>
    public async Task<AdminProductPage> ListAsync(AdminProductParameters parameters, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var filter = ProductFilter.Parse(parameters, errors);
        errors.Between(parameters.Limit, "limit", 1, 100);
        errors.ThrowIfAny();
        var limit = parameters.Limit ?? 24;
        var stamp = $"admin-products|{scope.StoreId}|{filter.Stamp}";
        Guid? after = null;
        if (!string.IsNullOrEmpty(parameters.Cursor))
        {
            after = Guid.TryParse(ListCursor.Read(parameters.Cursor, stamp, 1)[0], out var id) ? id : throw ListCursor.Invalid();
        }

        var (before, count) = (filter.ParameterCount + 1, filter.ParameterCount + 2);
        var command = Sql.Command(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            with page as (
                select p.* from catalog.products p
                where p.store_id = kernel.current_store() and {filter.Where} and (${before}::uuid is null or p.id < ${before}) order by p.id desc limit ${count})
            {OfPage}
            """));
        foreach (var parameter in filter.Parameters)
        {
            command.Parameters.Add(parameter);
        }

        command.Parameters.Add(Sql.Uuid(after));
        command.Parameters.Add(Sql.Int(limit + 1));
        await using var reader = await database.QueryAsync(ct, command);
        var rows = reader.Rows;
        var data = new List<AdminProductRow>(limit);
        var last = Guid.Empty;
        while (await rows.ReadAsync(ct))
        {
            if (data.Count == limit)
            {
                return new AdminProductPage(data, ListCursor.Write(stamp, last.ToString()));
            }

            last = rows.GetGuid(0);
            string? Text(int column) => rows.IsDBNull(column) ? null : rows.GetString(column);
            data.Add(new AdminProductRow(
                PublicId.Format(PublicId.Product, last), rows.GetString(1), rows.GetString(2), Text(3), Text(4), Text(5), rows.GetString(6), Text(7),
                rows.IsDBNull(8) ? null : PublicId.Format(PublicId.Category, rows.GetGuid(8)), Text(9), Text(10), images.Of(Text(11)),
                rows.GetFieldValue<string[]>(12), rows.IsDBNull(13) ? null : Money.Of(rows.GetInt64(13), rows.GetString(14)),
                rows.GetInt32(15), rows.GetInt64(16), rows.GetInt64(17), rows.GetBoolean(18), rows.GetBoolean(19), rows.GetBoolean(20),
                rows.GetFieldValue<DateTimeOffset>(21), rows.GetFieldValue<DateTimeOffset>(22)));
        }

        return new AdminProductPage(data, NextCursor: null);
    }
}
