using System.Globalization;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Sourcing.Suppliers;

/// <param name="Page">From 1.</param>
internal sealed record SupplierSearchView(IReadOnlyList<SupplierOffer> Data, int? Total, int Page);

internal static class SupplierEndpoints
{
    private const int LongestQuery = 100;
    private const int LastPage = 100;

    private static readonly ProblemCode SupplierNotFound = new("supplier_not_found", 404,
        "This installation has no such supplier.", "Cette installation n'a pas ce fournisseur.");

    private static readonly ProblemCode SearchNotOffered = new("supplier_search_not_offered", 422,
        "This supplier has no search by words.", "Ce fournisseur n'a pas de recherche par mots.");

    private static readonly ProblemCode SupplierUnavailable = new("supplier_unavailable", 503,
        "The supplier does not answer this now ({0}). Try again later.",
        "Le fournisseur n'y répond pas pour le moment ({0}). Réessayez plus tard.");

    public static void MapSuppliers(this IEndpointRouteBuilder admin) =>
        admin.MapGroup("/suppliers").WithTags("Sourcing").MapGet("/{code}/search", SearchAsync)
            .RequirePermission(Permissions.SourcingWrite).WithName("SearchSupplier")
            .WithSummary("What a supplier finds by words, at its own prices and in English; spends a call of its daily quota")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private static async Task<Ok<SupplierSearchView>> SearchAsync(
        string code, [FromQuery] string? q, [FromQuery] string? page, IEnumerable<ISupplier> suppliers, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(q, "q", LongestQuery);
        var number = 1;
        if (!string.IsNullOrEmpty(page)
            && !(int.TryParse(page, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is >= 1 and <= LastPage))
        {
            errors.Add("page", "must be a whole number from 1 to 100", "doit être un nombre entier de 1 à 100");
        }

        if (errors.Any)
        {
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = errors };
        }

        var supplier = suppliers.FirstOrDefault(s => s.Code == code) ?? throw new ProblemException(SupplierNotFound);
        try
        {
            var found = await supplier.SearchAsync(q!.Trim(), number, ct);
            return TypedResults.Ok(new SupplierSearchView(found.Items, found.Total, number));
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
