using System.Globalization;
using Mallgram.Files.Contracts;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Sourcing.Suppliers;

/// <param name="ExternalIds">1 to 20 different ones, of 1 to 64 characters.</param>
internal sealed record PickRequest(IReadOnlyList<string?>? ExternalIds);

/// <param name="Page">From 1.</param>
internal sealed record SupplierSearchView(IReadOnlyList<SupplierOffer> Data, int? Total, int Page);

internal static class SupplierEndpoints
{
    private const int LongestQuery = 100;
    private const int LastPage = 100;
    private const int MostItems = 20;
    private const int LongestId = 64;

    private static readonly ProblemCode SupplierNotFound = new("supplier_not_found", 404,
        "This installation has no such supplier.", "Cette installation n'a pas ce fournisseur.");

    private static readonly ProblemCode SearchNotOffered = new("supplier_search_not_offered", 422,
        "This supplier has no search by words.", "Ce fournisseur n'a pas de recherche par mots.");

    private static readonly ProblemCode SupplierUnavailable = new("supplier_unavailable", 503,
        "The supplier does not answer this now ({0}). Try again later.",
        "Le fournisseur n'y répond pas pour le moment ({0}). Réessayez plus tard.");

    public static void MapSuppliers(this IEndpointRouteBuilder admin)
    {
        var suppliers = admin.MapGroup("/suppliers").WithTags("Sourcing");
        suppliers.MapGet("/{code}/search", SearchAsync)
            .RequirePermission(Permissions.SourcingWrite).WithName("SearchSupplier")
            .WithSummary("What a supplier finds by words, at its own prices and in English; spends a call of its daily quota")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        suppliers.MapPost("/{code}/products", ImportAsync)
            .RequirePermission(Permissions.SourcingWrite).WithName("ImportSupplierProducts")
            .WithSummary("Import single items of a supplier as a sync would; later syncs keep them up to date. Spends two calls an item")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Ok<PickedView>> ImportAsync(
        string code, PickRequest request, HttpContext context, IEnumerable<ISupplier> suppliers, PickItems pick, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var ids = request.ExternalIds ?? [];
        if (ids.Count is 0 or > MostItems)
        {
            errors.Add("external_ids", $"must be 1 to {MostItems} ids", $"doit contenir de 1 à {MostItems} identifiants");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Math.Min(ids.Count, MostItems); i++)
        {
            var field = string.Create(CultureInfo.InvariantCulture, $"external_ids[{i}]");
            errors.Require(ids[i], field, LongestId);
            if (ids[i] is { } id && id.Any(char.IsControl))
            {
                errors.Add(field, "must not have control characters", "ne doit pas contenir de caractères de contrôle");
            }

            if (ids[i] is { } again && !seen.Add(again))
            {
                errors.Add(field, "is there twice", "figure deux fois");
            }
        }

        errors.ThrowIfAny();
        var person = context.User.FindFirst("sub")?.Value ?? throw new InvalidOperationException("Nobody is signed in.");
        var supplier = suppliers.FirstOrDefault(s => s.Code == code) ?? throw new ProblemException(SupplierNotFound);
        return TypedResults.Ok(await AskAsync(() => pick.ImportAsync(supplier, [.. ids.OfType<string>()], person, ct)));
    }

    private static async Task<Ok<SupplierSearchView>> SearchAsync(
        string code, [FromQuery] string? q, [FromQuery] string? page, IEnumerable<ISupplier> suppliers, IImageAddresses images,
        CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(q, "q", LongestQuery);
        var number = 1;
        if (!string.IsNullOrEmpty(page)
            && !(int.TryParse(page, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is >= 1 and <= LastPage))
        {
            errors.Add("page", "must be a whole number from 1 to 100", "doit être un nombre entier de 1 à 100");
        }

        errors.ThrowIfAny();
        var supplier = suppliers.FirstOrDefault(s => s.Code == code) ?? throw new ProblemException(SupplierNotFound);
        var found = await AskAsync(() => supplier.SearchAsync(q!.Trim(), number, ct));
        // Pictures come from this API, as everywhere: no browser asks the supplier for them.
        return TypedResults.Ok(new SupplierSearchView(
            [.. found.Items.Select(o => o with { ImageUrl = images.Of(o.ImageUrl) })], found.Total, number));
    }

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (SupplierException e) when (e.Fault == SupplierFault.NotOffered)
        {
            throw new ProblemException(SearchNotOffered);
        }
        catch (SupplierException e)
        {
            throw new ProblemException(SupplierUnavailable, e.Code);
        }
    }
}
