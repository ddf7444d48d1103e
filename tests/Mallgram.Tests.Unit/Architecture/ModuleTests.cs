using System.Reflection;
using Mallgram.Catalog;
using Mallgram.Files;
using Mallgram.Identity;
using Mallgram.Kernel;
using Mallgram.Messaging;
using Mallgram.Orders;
using Mallgram.Payments;
using Mallgram.Sourcing;
using Mallgram.Stores;

namespace Mallgram.Tests.Unit.Architecture;

/// <summary>Which module may use which, and that only contracts are seen outside.</summary>
public sealed class ModuleTests
{
    /// <summary>The whole list; a new arrow is a decision. None may close a circle.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Kernel"] = [],
        ["Stores"] = ["Kernel"],
        ["Identity"] = ["Kernel", "Stores"],
        ["Files"] = ["Kernel", "Stores"],
        ["Catalog"] = ["Kernel", "Stores", "Files"],
        ["Sourcing"] = ["Kernel", "Stores", "Files", "Catalog"],
        ["Orders"] = ["Kernel", "Stores", "Catalog"],
        ["Payments"] = ["Kernel", "Stores", "Orders"],
        ["Messaging"] = ["Kernel", "Stores", "Identity", "Orders"],
    };

    private static readonly Assembly[] Modules =
    [
        typeof(KernelModule).Assembly, typeof(StoresModule).Assembly, typeof(IdentityModule).Assembly, typeof(FilesModule).Assembly,
        typeof(CatalogModule).Assembly, typeof(SourcingModule).Assembly, typeof(OrdersModule).Assembly, typeof(PaymentsModule).Assembly, typeof(MessagingModule).Assembly,
    ];

    [Fact]
    public void Modules_use_only_the_modules_they_may()
    {
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), Modules.Select(NameOf).Order(StringComparer.Ordinal));
        foreach (var module in Modules)
        {
            var used = module.GetReferencedAssemblies().Select(a => a.Name!).Where(n => n.StartsWith("Mallgram.", StringComparison.Ordinal))
                .Select(n => n["Mallgram.".Length..]);
            Assert.Empty(used.Except(Allowed[NameOf(module)], StringComparer.Ordinal));
        }
    }

    [Fact]
    public void The_arrows_close_no_circle()
    {
        foreach (var start in Allowed.Keys)
        {
            Assert.DoesNotContain(start, Reach(start, []));
        }
    }

    [Fact]
    public void A_module_shows_its_contracts_and_its_module_class_and_nothing_else()
    {
        foreach (var module in Modules.Where(m => NameOf(m) != "Kernel"))
        {
            var root = "Mallgram." + NameOf(module);
            var shown = module.GetExportedTypes().Where(t => t.Namespace != root + ".Contracts" && !(t.Namespace == root && t.Name == NameOf(module) + "Module"));
            Assert.Empty(shown.Select(t => t.FullName));
        }
    }

    [Fact]
    public void Classes_that_nothing_derives_from_are_sealed()
    {
        foreach (var module in Modules)
        {
            var open = module.GetTypes().Where(t => t is { IsClass: true, IsSealed: false, IsAbstract: false }
                && !t.Name.Contains('<', StringComparison.Ordinal)
                && !Array.Exists(module.GetTypes(), other => other.BaseType == t));
            Assert.Empty(open.Select(t => t.FullName));
        }
    }

    private static string NameOf(Assembly module) => module.GetName().Name!["Mallgram.".Length..];

    private static HashSet<string> Reach(string module, HashSet<string> seen)
    {
        foreach (var next in Allowed[module].Where(seen.Add))
        {
            Reach(next, seen);
        }

        return seen;
    }
}
