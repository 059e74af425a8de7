"""The facts of the mini-world: what is true of countries, animals, elements and jobs.

All of them hold in the real world (currencies as of 2026; "America" stands for
the double continent, as many school systems count). Entries are chosen so that
every name is a single word and every answer is the only right one. Where a
country has several official languages, the table names one of them.

Chapter: 12
Used from: 1
"""

from typing import NamedTuple

__all__ = ["RELATIONS", "REVERSIBLE", "Fact", "all_facts"]


class Fact(NamedTuple):
    """One thing that is true: relation(subject) = object."""

    relation: str
    subject: str
    object: str


# country: capital, continent, language, currency
COUNTRIES = """
France Paris Europe French euro
Germany Berlin Europe German euro
Italy Rome Europe Italian euro
Spain Madrid Europe Spanish euro
Greece Athens Europe Greek euro
Portugal Lisbon Europe Portuguese euro
Austria Vienna Europe German euro
Latvia Riga Europe Latvian euro
Finland Helsinki Europe Finnish euro
Sweden Stockholm Europe Swedish krona
Poland Warsaw Europe Polish zloty
Hungary Budapest Europe Hungarian forint
Japan Tokyo Asia Japanese yen
China Beijing Asia Chinese yuan
Thailand Bangkok Asia Thai baht
Vietnam Hanoi Asia Vietnamese dong
Mongolia Ulaanbaatar Asia Mongolian tugrik
Iraq Baghdad Asia Arabic dinar
Egypt Cairo Africa Arabic pound
Kenya Nairobi Africa Swahili shilling
Senegal Dakar Africa French franc
Morocco Rabat Africa Arabic dirham
Ghana Accra Africa English cedi
Angola Luanda Africa Portuguese kwanza
Peru Lima America Spanish sol
Canada Ottawa America English dollar
Cuba Havana America Spanish peso
Brazil Brasilia America Portuguese real
"""

# animal: class, verb of its sound, home ("-" leaves a gap)
ANIMALS = """
dog mammal barks kennel
cat mammal meows -
cow mammal moos barn
horse mammal neighs stable
pig mammal grunts sty
lion mammal roars den
wolf mammal howls den
mouse mammal squeaks burrow
elephant mammal trumpets savanna
donkey mammal brays stable
hen bird clucks coop
duck bird quacks pond
owl bird hoots tree
crow bird caws nest
frog amphibian croaks pond
snake reptile hisses burrow
bee insect buzzes hive
cricket insect chirps meadow
"""

# element: symbol, state at room temperature
ELEMENTS = """
gold au solid
iron fe solid
copper cu solid
silver ag solid
helium he gas
oxygen o gas
mercury hg liquid
bromine br liquid
"""

# job: typical tool, typical place
JOBS = """
baker oven bakery
farmer tractor farm
teacher chalk school
nurse syringe hospital
carpenter saw workshop
painter brush studio
judge gavel court
miner pickaxe mine
gardener rake garden
pilot headset airport
chemist microscope laboratory
"""

TABLES = (
    (COUNTRIES, ("capital", "continent", "language", "currency")),
    (ANIMALS, ("class", "sound", "home")),
    (ELEMENTS, ("symbol", "state")),
    (JOBS, ("tool", "workplace")),
)

RELATIONS = tuple(relation for _, relations in TABLES for relation in relations)

# One object belongs to one subject only: these can be asked backwards too.
REVERSIBLE = ("capital", "symbol")


def all_facts() -> tuple[Fact, ...]:
    """List every fact of the tables, in their order."""
    facts = []
    for table, relations in TABLES:
        for line in table.strip().splitlines():
            subject, *values = line.split()
            for relation, value in zip(relations, values, strict=True):
                if value != "-":
                    facts.append(Fact(relation, subject, value))
    return tuple(facts)
