using Mallgram.Kernel.Http;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Options;

namespace Mallgram.Api.Edge;

/// <summary>Settings under <c>Identity:StaffAddresses</c>: where staff may work from. Empty lists: from anywhere.</summary>
internal sealed class StaffAddressOptions
{
    /// <summary>Addresses and networks (CIDR) from which <c>/admin</c> and <c>/platform</c> may be called, at every store.</summary>
    public IList<string> Everywhere { get; } = [];

    /// <summary>The same for single stores, by slug; narrows <see cref="Everywhere"/> further.</summary>
    public IDictionary<string, IList<string>> Stores { get; } = new Dictionary<string, IList<string>>(StringComparer.Ordinal);

    public bool Any => Everywhere.Concat(Stores.Values.SelectMany(v => v)).Any(a => a.Length > 0);

    public sealed class Validation : IValidateOptions<StaffAddressOptions>
    {
        public ValidateOptionsResult Validate(string? name, StaffAddressOptions options)
        {
            var wrong = options.Everywhere.Concat(options.Stores.Values.SelectMany(v => v)).Where(a => a.Length > 0 && !Networks.TryParse(a, out _)).ToList();
            return wrong.Count == 0
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail("Identity:StaffAddresses: not an address or network: " + string.Join(", ", wrong));
        }
    }
}

/// <summary>Lets nobody work on a store from elsewhere than its staff's networks.</summary>
internal static class StaffAddresses
{
    private static readonly ProblemCode AddressNotAllowed = new("address_not_allowed", 403,
        "Staff may not work from this network address.", "Le personnel ne peut pas travailler depuis cette adresse réseau.");

    /// <summary>After the store is known.</summary>
    public static IApplicationBuilder UseStaffAddresses(this IApplicationBuilder app)
    {
        var options = app.ApplicationServices.GetRequiredService<IOptions<StaffAddressOptions>>().Value;
        if (!options.Any)
        {
            return app;
        }

        var everywhere = Networks.Parse(options.Everywhere);
        var ofStores = options.Stores.ToDictionary(s => s.Key, s => Networks.Parse(s.Value), StringComparer.Ordinal);
        return app.Use((context, next) =>
        {
            if (IsOfStaff(context.Request.Path))
            {
                var address = context.Connection.RemoteIpAddress;
                var slug = context.RequestServices.GetRequiredService<CurrentStore>().Store.Slug;
                if (!everywhere.Allows(address) || (ofStores.TryGetValue(slug, out var own) && !own.Allows(address)))
                {
                    throw new ProblemException(AddressNotAllowed);
                }
            }

            return next(context);
        });
    }

    private static bool IsOfStaff(PathString path) =>
        path.StartsWithSegments("/api/v1/admin", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/api/v1/platform", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase);
}
