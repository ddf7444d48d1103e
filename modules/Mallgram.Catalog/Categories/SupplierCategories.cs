using System.Globalization;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Quality;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Catalog.Categories;

/// <param name="CategoryId">Where its products go; null: nowhere.</param>
/// <param name="CategoryPath">Names from the root.</param>
/// <param name="MappedBy"><c>import</c> or <c>person</c>.</param>
/// <param name="Excluded">Its products are left out.</param>
/// <param name="Products">Known products of it, hidden ones too.</param>
internal sealed record SupplierCategoryView(
    string Supplier,
    string ExternalId,
    string? ParentExternalId,
    string Name,
    string? NameFr,
    string? CategoryId,
    string? CategoryPath,
    string MappedBy,
    bool Excluded,
    long Products);

internal sealed record SupplierCategoryPage(IReadOnlyList<SupplierCategoryView> Data, string? NextCursor);

/// <param name="CategoryId">Null: its products go nowhere. Missing: it stays.</param>
/// <param name="Excluded">Missing: it stays.</param>
internal sealed record SupplierCategoryChange(string? CategoryId, bool? Excluded);

/// <summary>Where suppliers' categories go in the store's own tree.</summary>
internal static class SupplierCategoryEndpoints
{
    private const string Columns =
        """
        select m.supplier, m.external_id, m.parent_external_id, m.name, m.name_fr, m.category_id, c.path, m.mapped_by, m.excluded, (
            select count(*) from catalog.products p where p.supplier = m.supplier and p.supplier_category = m.external_id)
        from catalog.supplier_categories m left join catalog.categories c on c.store_id = m.store_id and c.id = m.category_id
        """;

    private static readonly ProblemCode NotFound = new("supplier_category_not_found", 404,
        "This store knows no such category of that supplier.", "Cette boutique ne connaît pas cette catégorie du fournisseur.");

    public static void MapSupplierCategories(this IEndpointRouteBuilder admin)
    {
        var categories = admin.MapGroup("/supplier-categories").WithTags("Supplier categories");
        categories.MapGet("/", ListAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("ListSupplierCategories")
            .WithSummary("Suppliers' categories and where each goes")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        categories.MapPatch("/{supplier}/{externalId}", ChangeAsync)
            .RequirePermission(Permissions.SourcingWrite).WithName("ChangeSupplierCategory")
            .WithSummary("Map a supplier's category, or leave its products out; they follow within moments")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
    }

    private static async Task<Ok<SupplierCategoryPage>> ListAsync(
        [FromQuery] string? supplier,
        [FromQuery] string? q,
        [FromQuery] bool? unmapped,
        [FromQuery] string? limit,
        [FromQuery] string? cursor,
        StoreDatabase database,
        StoreScope scope,
        CancellationToken ct)
    {
        var count = 24;
        if (!string.IsNullOrEmpty(limit) && !(int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= 100))
        {
            var errors = new FieldErrors();
            errors.Add("limit", "must be a whole number from 1 to 100", "doit être un nombre entier de 1 à 100");
            errors.ThrowIfAny();
        }

        var filters = $"supplier-categories|{scope.StoreId}|{supplier}|{q}|{unmapped}";
        var after = string.IsNullOrEmpty(cursor) ? null : ListCursor.Read(cursor, filters, 2);
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            Columns +
            """

            where ($1::text is null or m.supplier = $1) and ($2::text is null or position(lower($2) in lower(m.name || ' ' || coalesce(m.name_fr, ''))) > 0)
              and (not $3 or (m.category_id is null and not m.excluded)) and ($4::text is null or (m.supplier, m.external_id) > ($4, $5))
            order by m.supplier, m.external_id limit $6
            """,
            Sql.Text(Clean(supplier)), Sql.Text(Clean(q)), Sql.Bool(unmapped ?? false), Sql.Text(after?[0]), Sql.Text(after?[1]), Sql.Int(count + 1)));
        var found = new List<SupplierCategoryView>();
        while (await reader.Rows.ReadAsync(ct))
        {
            found.Add(Read(reader.Rows));
        }

        return TypedResults.Ok(found.Count > count
            ? new SupplierCategoryPage(found[..count], ListCursor.Write(filters, found[count - 1].Supplier, found[count - 1].ExternalId))
            : new SupplierCategoryPage(found, NextCursor: null));
    }

    private static async Task<Ok<SupplierCategoryView>> ChangeAsync(
        string supplier,
        string externalId,
        JsonBody<SupplierCategoryChange> body,
        HttpContext context,
        StoreDatabase database,
        StoreScope scope,
        OutboxWriter outbox,
        CancellationToken ct)
    {
        // The one character that the server leaves encoded in a path.
        externalId = externalId.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        bool isMapped;
        using (var sent = JsonDocument.Parse(body.Bytes))
        {
            isMapped = sent.RootElement.TryGetProperty("category_id", out _);
        }

        Guid? categoryId = null;
        var errors = new FieldErrors();
        if (body.Value.CategoryId is { } text)
        {
            categoryId = PublicId.TryParse(PublicId.Category, text, out var id) ? id : null;
            if (categoryId is null)
            {
                AddUnknown(errors);
            }
        }

        errors.ThrowIfAny();
        await using var transaction = await database.BeginAsync(ct);
        await using (var rows = await transaction.QueryAsync(ct, [
            Sql.Command("select from catalog.supplier_categories where supplier = $1 and external_id = $2 for update",
                Sql.Text(Clean(supplier)), Sql.Text(Clean(externalId))),
            Sql.Command("select from catalog.categories where id = $1 for key share", Sql.Uuid(categoryId)),
        ]))
        {
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(NotFound);
            }

            await rows.NextResultAsync(ct);
            if (categoryId is not null && !await rows.ReadAsync(ct))
            {
                AddUnknown(errors);
                errors.ThrowIfAny();
            }
        }

        var actor = context.User.FindFirst("sub")?.Value ?? throw new InvalidOperationException("Nobody is signed in.");
        await transaction.ExecuteAsync(ct, [
            Sql.Command(
                """
                update catalog.supplier_categories set category_id = case when $3 then $4 else category_id end,
                    mapped_by = case when $3 then 'person' else mapped_by end, excluded = coalesce($5, excluded)
                where supplier = $1 and external_id = $2
                """,
                Sql.Text(supplier), Sql.Text(externalId), Sql.Bool(isMapped), Sql.Uuid(categoryId), Sql.Bool(body.Value.Excluded)),
            outbox.Add(scope.StoreId, JudgeProducts.Type, new ProductsToJudge(After: null, supplier, externalId, actor)),
            outbox.Add(scope.StoreId, FiltersChanged.EventType, new FiltersChanged(SkipReasons.ExcludedCategory)),
        ]);
        await transaction.CommitAsync(ct);
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            Columns + " where m.supplier = $1 and m.external_id = $2", Sql.Text(supplier), Sql.Text(externalId)));
        return await reader.Rows.ReadAsync(ct) ? TypedResults.Ok(Read(reader.Rows)) : throw new ProblemException(NotFound);

        static void AddUnknown(FieldErrors errors) => errors.Add(
            "category_id", "does not exist in this store", "n'existe pas dans cette boutique");
    }

    private static SupplierCategoryView Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4),
        row.IsDBNull(5) ? null : PublicId.Format(PublicId.Category, row.GetGuid(5)), row.IsDBNull(6) ? null : row.GetString(6), row.GetString(7),
        row.GetBoolean(8), row.GetInt64(9));

    private static string? Clean(string? text) => string.IsNullOrEmpty(text) ? null : text.Replace('\0', ' ');
}
