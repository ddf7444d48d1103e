using System.Collections.Frozen;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Access;

namespace Mallgram.Identity.Access;

/// <summary>What each role may do, and which role stands above which. The table in docs/security.md is checked against it.</summary>
internal static class RolePermissions
{
    /// <summary>Roles of people who work for the store, highest first.</summary>
    public static readonly IReadOnlyList<string> Staff =
        [Roles.Owner, Roles.Admin, Roles.Manager, Roles.Moderator, Roles.Support, Roles.Fulfilment];

    private static readonly FrozenDictionary<string, FrozenSet<string>> OfRole = new Dictionary<string, IEnumerable<string>>(StringComparer.Ordinal)
    {
        [Roles.Owner] = Permissions.All,
        [Roles.Admin] = Permissions.All,
        [Roles.Manager] = Permissions.All.Except([Permissions.StaffWrite, Permissions.ApiKeysWrite, Permissions.StoreWrite], StringComparer.Ordinal),
        [Roles.Moderator] =
        [
            Permissions.ProductsRead, Permissions.ProductsWrite, Permissions.FilesWrite, Permissions.OrdersRead, Permissions.CustomersRead,
            // Imports and repricing run as jobs, whose progress those who asked for them follow.
            Permissions.StoreRead, Permissions.JobsRead,
        ],
        [Roles.Support] =
        [
            Permissions.ProductsRead, Permissions.OrdersRead, Permissions.OrdersWrite, Permissions.PaymentsRead, Permissions.CustomersRead,
            Permissions.CustomersWrite, Permissions.StoreRead,
        ],
        [Roles.Fulfilment] =
            [Permissions.ProductsRead, Permissions.StockWrite, Permissions.OrdersRead, Permissions.OrdersWrite, Permissions.StoreRead],
    }.ToFrozenDictionary(r => r.Key, r => r.Value.ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>Empty for affiliates, customers and unknown roles.</summary>
    public static IReadOnlySet<string> Of(string? role) =>
        role is not null && OfRole.TryGetValue(role, out var permissions) ? permissions : FrozenSet<string>.Empty;

    public static bool IsStaff(string? role) => role is not null && OfRole.ContainsKey(role);

    /// <summary>
    /// Whether who has a role may give or take another one: not one above their own. Moderator, support and fulfilment stand side by side.
    /// </summary>
    public static bool Reaches(string role, string other) => Rank(role) >= Rank(other);

    private static int Rank(string role) => role switch
    {
        Roles.Owner => 4,
        Roles.Admin => 3,
        Roles.Manager => 2,
        Roles.Moderator or Roles.Support or Roles.Fulfilment => 1,
        _ => 0,
    };
}
