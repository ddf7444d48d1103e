using Mallgram.Kernel.Problems;

namespace Mallgram.Orders;

internal static class OrderProblems
{
    public static readonly ProblemCode OrderNotFound = new("order_not_found", 404,
        "There is no such order, or the X-Order-Token is not its own.", "Cette commande n'existe pas, ou le X-Order-Token n'est pas le sien.");

    public static readonly ProblemCode ProductNotFound = new("product_not_found", 422,
        "Some items are not sold here; see errors.", "Certains articles ne sont pas vendus ici ; voir errors.");

    public static readonly ProblemCode OutOfStock = new("out_of_stock", 409,
        "There is not enough stock for some items; see lines.", "Le stock ne suffit pas pour certains articles ; voir lines.");

    public static readonly ProblemCode CurrencyNotSupported = new("currency_not_supported", 422,
        "This store sells in {0} only.", "Cette boutique vend uniquement en {0}.");

    public static readonly ProblemCode NothingShort = new("order_not_short", 409,
        "No paid goods of this order are missing.", "Aucun article payé de cette commande ne manque.");
}
