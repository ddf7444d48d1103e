using Mallgram.Kernel.Problems;

namespace Mallgram.Catalog.Pricing;

internal static class PricingProblems
{
    public static readonly ProblemCode RuleNotFound = new("price_rule_not_found", 404,
        "This store has no such price rule.", "Cette boutique n'a pas cette règle de prix.");

    public static readonly ProblemCode DefaultRule = new("default_price_rule", 409,
        "The default rule prices everything that no other rule fits; change it instead.",
        "La règle par défaut fixe les prix de tout ce qu'aucune autre ne couvre ; modifiez-la plutôt.");

    public static readonly ProblemCode TooManyRules = new("too_many_price_rules", 409,
        "A store has at most {0} price rules; delete one first.", "Une boutique a au plus {0} règles de prix ; supprimez-en une d'abord.");

    public static readonly ProblemCode MarketNotFound = new("market_not_found", 404,
        "This store does not sell in that currency.", "Cette boutique ne vend pas dans cette devise.");

    public static readonly ProblemCode MarketExists = new("market_exists", 409,
        "This store sells in that currency already.", "Cette boutique vend déjà dans cette devise.");

    public static readonly ProblemCode DefaultMarket = new("default_market", 409,
        "The market of the store's own currency stays.", "Le marché dans la devise de la boutique reste.");

    public static readonly ProblemCode ProductNotFound = new("product_not_found", 404,
        "There is no such product in this store.", "Ce produit n'existe pas dans cette boutique.");

    public static readonly ProblemCode PriceNotFound = new("price_not_found", 404,
        "That variant has no price set by a person for this currency and quantity.",
        "Cette variante n'a pas de prix fixé par une personne pour cette devise et cette quantité.");

    public static readonly ProblemCode BelowLandedCost = new("price_below_landed_cost", 422,
        "The price is below the landed cost of {0}. Send accept_loss: true to sell at a loss.",
        "Le prix est inférieur au coût de revient de {0}. Envoyez accept_loss: true pour vendre à perte.");
}
